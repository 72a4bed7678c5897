"""Azure's paths to OpenAI's dialects."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hopcheck_server.upstream.dialects.dialect import Refusal
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.openai_chat.dialect import OpenAIChat
from hopcheck_server.upstream.dialects.openai_embeddings.dialect import OpenAIEmbeddings
from hopcheck_server.upstream.dialects.request import DialectRequest, Route
from hopcheck_server.upstream.script.turns import Embedding

_PATH = re.compile(r"/openai/deployments/([^/]+)/(chat/completions|embeddings)")
_EMBEDDINGS = OpenAIEmbeddings()


class Azure(OpenAIChat):
    """The deployment in the path is the model, unless the body names one."""

    name = "azure"
    label = "Azure OpenAI"
    nearby = ("/openai/",)
    credential_header = "api-key"

    def route(self, path: str) -> Route | None:
        """The two endpoints of a deployment."""
        match = _PATH.fullmatch(path)
        return match and Route("chat" if match[2] == "chat/completions" else "embeddings", unquote(match[1]))

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """As the endpoint's own dialect refuses."""
        return _EMBEDDINGS.own_refusal(request) if request.kind == "embeddings" else super().own_refusal(request)

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """Embeddings."""
        return _EMBEDDINGS.answer(request, embedding)

    def embedding_obstacle(self, embedding: Embedding) -> str:
        """None: it is OpenAI's form."""
        return _EMBEDDINGS.embedding_obstacle(embedding)
