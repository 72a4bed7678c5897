"""OpenAI's embeddings."""

from hopcheck_server.upstream.dialects.openai_embeddings.dialect import OpenAIEmbeddings

DIALECT = OpenAIEmbeddings()
