"""The sinks that a user asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from hopcheck_load.export.metrics import MetricsSink
from hopcheck_server.exits import UNTESTABLE, USAGE, Stop


@contextmanager
def open_sinks(prometheus_port: int | None, otlp_url: str) -> Iterator[Sequence[MetricsSink]]:
    """Yield the sinks, and close them afterwards.

    Raises:
        Stop: A package is missing, or the port isn't free.
    """
    with ExitStack() as opened:
        found: list[MetricsSink] = []
        try:
            if prometheus_port is not None:
                found.append(opened.enter_context(closing(_prometheus(prometheus_port))))
            if otlp_url:
                found.append(opened.enter_context(closing(_otlp(otlp_url))))
        except ImportError as error:
            raise Stop(USAGE, f"{error.name} is missing: pip install 'hopcheck[load,metrics]'.") from error
        yield found


def _prometheus(port: int) -> MetricsSink:
    from hopcheck_load.export.prometheus import PrometheusSink  # imported late: an optional extra

    try:
        return PrometheusSink(port)
    except OSError as error:
        raise Stop(UNTESTABLE, f"--prometheus {port}: {error.strerror}.") from error


def _otlp(url: str) -> MetricsSink:
    from hopcheck_load.export.otlp import OtlpSink  # imported late: an optional extra

    return OtlpSink(url)
