"""A real LiteLLM: its own environment, its test configuration, and a way to run it."""

from pathlib import Path

from hopcheck_server.litellm.environment import LiteLLMEnvironment
from hopcheck_server.litellm.requirements import DEFAULT_VERSION
from hopcheck_server.litellm.server import LiteLLM

TEST_CONFIG = Path(__file__).with_name("litellm_config.test.yaml")
"""The configuration that the suite runs LiteLLM with; the file of that name at the repository's top is the same."""

__all__ = ["DEFAULT_VERSION", "TEST_CONFIG", "LiteLLM", "LiteLLMEnvironment"]
