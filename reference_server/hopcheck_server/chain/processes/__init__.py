"""Child processes that never outlive this process."""

from hopcheck_server.chain.processes.environ import scrubbed_environment
from hopcheck_server.chain.processes.managed import ManagedProcess, ProcessError, Progress, ending
from hopcheck_server.chain.processes.net import free_port, http_status

__all__ = ["ManagedProcess", "ProcessError", "Progress", "ending", "free_port", "http_status", "scrubbed_environment"]
