"""vLLM's API: OpenAI's with extras."""

from hopcheck_server.upstream.dialects.vllm.dialect import VLLM

DIALECT = VLLM()
