"""Stands in for LiteLLM's command: the same arguments, the same two questions answered, and nothing else.

Prints its environment's names first. Ends with the line that uvicorn prints if the port is taken.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

port = int(sys.argv[sys.argv.index("--port") + 1])
print("environment:", *sorted(os.environ), flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.headers["authorization"] == f"Bearer {os.environ['LITELLM_MASTER_KEY']}"
        self.send_response(200 if self.path == "/health/readiness" or known else 401)
        self.end_headers()


try:
    server = HTTPServer(("127.0.0.1", port), Handler)
except OSError:
    sys.exit(
        f"ERROR: [Errno 98] error while attempting to bind on address ('127.0.0.1', {port}): address already in use"
    )
server.serve_forever()
