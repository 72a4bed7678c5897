"""LiteLLM's clients without a database: who holds a key, and what that client may use.

LiteLLM calls `authenticate` for each request (`custom_auth` in its configuration). The clients stand in the TOML file
that `LITELLM_CLIENTS_FILE` names, with the SHA-256 of their keys; it is read when LiteLLM starts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

if TYPE_CHECKING:
    from fastapi import Request

LIMITS = {"rpm_limit", "tpm_limit", "max_parallel_requests", "models"}
"""What a client may have in addition to its `sha256`."""


def clients_in(path: Path) -> dict[str, dict[str, Any]]:
    """Read a file of clients: what each may use, with its name as `user_id`, by the hash of its key.

    Raises:
        ValueError: A client has no hash, or a field that isn't known.
    """
    clients = {}
    for name, fields in tomllib.loads(path.read_text(encoding="utf-8")).items():
        digest = fields.pop("sha256", None)
        if not isinstance(digest, str) or fields.keys() - LIMITS:
            raise ValueError(f"{path}: [{name}] needs sha256, and may have {', '.join(sorted(LIMITS))}")
        clients[digest] = {**fields, "user_id": name}
    return clients


CLIENTS = clients_in(Path(os.environ["LITELLM_CLIENTS_FILE"]))


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Say whose key this is. LiteLLM answers 401 with the text of what is raised."""
    if hmac.compare_digest(api_key.encode(), os.environ["LITELLM_MASTER_KEY"].encode()):
        return UserAPIKeyAuth(api_key=api_key, user_role=LitellmUserRoles.PROXY_ADMIN)
    client = CLIENTS.get(hashlib.sha256(api_key.encode()).hexdigest())
    if client is None:
        raise ValueError("This key isn't known.")
    return UserAPIKeyAuth(api_key=api_key, **client)
