"""Azure OpenAI: OpenAI's chat completions and embeddings on paths that name a deployment."""

from hopcheck_server.upstream.dialects.azure.dialect import Azure

DIALECT = Azure()
