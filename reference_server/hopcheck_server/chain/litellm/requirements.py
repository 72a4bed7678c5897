"""The requirements of an environment for a version of LiteLLM."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_VERSION = "1.106.2"
"""The LiteLLM that is locked: docs/drift/README.md compares it with newer releases."""

_VERSION = re.compile(r"\d+(\.\d+)+[0-9A-Za-z.+-]*")

_LOCKS = Path(__file__).with_name("locks")
"""A file for each version that is locked, as `uv pip compile --universal --generate-hashes` writes it."""

# Without `prisma` some of LiteLLM's authentication errors are plain-text 500s; without `opentelemetry-sdk` each request
# pays for an import that fails, which doubles its time.
_ADDITIONAL = ("prisma", "opentelemetry-sdk")

# Newer releases ask for exact versions of LiteLLM's own packages, and one of certifi, that a package index may not hold
# yet. None of them matters to a proxy without a database that speaks plain HTTP to its provider. `litellm-proxy` holds
# nothing that `litellm` itself doesn't; a marker that never applies leaves it out.
RELAXED = (
    "certifi>=2025",
    "litellm-enterprise>=0.1",
    "litellm-proxy-extras>=0.4",
    "litellm-proxy ; python_version < '3'",
)


@dataclass(frozen=True)
class Requirements:
    """The requirements to install.

    Attributes:
        version: LiteLLM's.
        lines: Lines of a requirements file.
        locked: Whether the lines name every dependency with its version and the hashes of its files.
        exclude_newer: An ISO date; later releases are excluded.
    """

    version: str
    lines: tuple[str, ...]
    locked: bool
    exclude_newer: str | None = None

    @classmethod
    def of(cls, version: str, exclude_newer: str | None = None) -> "Requirements":
        """Return the locked requirements of a version if there are any, else requirements to resolve.

        Raises:
            ValueError: That isn't a version.
        """
        if not _VERSION.fullmatch(version):
            raise ValueError(f"{version!r} is not a version of LiteLLM; one looks like {DEFAULT_VERSION}")
        lock = _LOCKS / f"litellm-{version}.txt"
        if exclude_newer is None and lock.exists():
            return cls(version, tuple(lock.read_text().splitlines()), locked=True)
        return cls(version, (f"litellm[proxy]=={version}", *_ADDITIONAL), locked=False, exclude_newer=exclude_newer)

    def digest(self, python: str) -> str:
        """Return a short name for these requirements on that Python."""
        text = "\n".join([*self.lines, *RELAXED, self.exclude_newer or "", python])
        return hashlib.sha256(text.encode()).hexdigest()[:12]
