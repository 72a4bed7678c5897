"""The shapes that are this proxy's own: what OpenAI's API doesn't define."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LLMModel(BaseModel):
    """One entry of `GET /v1/llm/models`; what the upstream doesn't tell is null, never made up."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    provider: str | None
    context_length: int | None
    is_available: bool


class Health(BaseModel):
    """The body of a health endpoint that has good news."""

    model_config = ConfigDict(frozen=True)

    status: str
    version: str
    mode: str
