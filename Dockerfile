# LLM-Proxy, the reference proxy: `docker build -t llm-proxy .`
#
# The suite (gate, upstream, replay) is another image: Dockerfile.suite.

# --- build: everything that installs stays behind in this stage
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints-dev.txt README.md LICENSE ./
COPY contracts ./contracts
COPY reference_server ./reference_server
COPY conformance ./conformance
COPY load ./load
# Without pip of its own: the environment is what is copied, and nothing in it can install.
RUN python -m venv --without-pip /opt/hopcheck && \
    pip --python /opt/hopcheck/bin/python install --no-cache-dir --constraint constraints-dev.txt '.[server]'

# --- run
FROM python:3.12.12-slim-bookworm AS run
LABEL org.opencontainers.image.title="LLM-Proxy" \
      org.opencontainers.image.description="The reference proxy in front of LiteLLM" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /opt/hopcheck /opt/hopcheck
ENV PATH=/opt/hopcheck/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that a platform can see that it isn't root.
USER 10001:10001
EXPOSE 8000
# uvicorn ends on SIGTERM: it stops accepting, and gives what goes on LLM_PROXY__SHUTDOWN_GRACE_S.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/health/live'); sys.exit(c.getresponse().status != 200)"]
# In exec form: Python is the process that gets the signals, and no shell that keeps them.
ENTRYPOINT ["hopcheck", "serve"]
CMD ["--host", "0.0.0.0", "--port", "8000"]
