"""A server that ignores SIGTERM, as does the child that it starts when the argument is `family`.

Each prints the URL where it listens and holds every connection open, so that a client sees the end of the process as
the end of its connection.
"""

import signal
import socket
import subprocess
import sys

signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "family" in sys.argv:
    subprocess.Popen([sys.executable, __file__])
with socket.create_server(("127.0.0.1", 0)) as server:
    print(f"listening on http://127.0.0.1:{server.getsockname()[1]}/v1", flush=True)
    held = []
    while True:
        held.append(server.accept())
