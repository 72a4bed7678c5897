"""A real LiteLLM: its own environment, its test configuration, and its process."""

from hopcheck_server.chain.litellm.configs import TEST_CONFIG, config_for
from hopcheck_server.chain.litellm.environment import LiteLLMEnvironment
from hopcheck_server.chain.litellm.requirements import DEFAULT_VERSION
from hopcheck_server.chain.litellm.server import LiteLLM

__all__ = ["DEFAULT_VERSION", "TEST_CONFIG", "LiteLLM", "LiteLLMEnvironment", "config_for"]
