"""What goes into an environment for a version of LiteLLM, and why."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_VERSION = "1.106.2"
"""The newest LiteLLM whose requirements could all be met when the lock was made."""

_VERSION = re.compile(r"\d+(\.\d+)+[0-9A-Za-z.+-]*")

_LOCKS = Path(__file__).with_name("locks")

# Without `prisma` some of LiteLLM's authentication errors are plain-text 500s; without `opentelemetry-sdk` each request
# pays for an import that fails, which doubles its time.
_BESIDE = ("prisma", "opentelemetry-sdk")

# Releases after 1.106.2 ask for a certifi and a litellm-proxy-extras that a package index may not hold yet. Neither
# matters to a proxy without a database that speaks plain HTTP to its provider.
RELAXED = ("certifi>=2025", "litellm-proxy-extras>=0.4")


@dataclass(frozen=True)
class Requirements:
    """What to install.

    Attributes:
        version: LiteLLM's.
        lines: Lines of a requirements file.
        locked: Whether the lines name every dependency with its version.
        exclude_newer: An ISO date; nothing that was released after it.
    """

    version: str
    lines: tuple[str, ...]
    locked: bool
    exclude_newer: str | None = None

    @classmethod
    def of(cls, version: str, exclude_newer: str | None = None) -> "Requirements":
        """Return the locked requirements if there are any for this version, else what is to be resolved.

        Raises:
            ValueError: That can't be a version.
        """
        if not _VERSION.fullmatch(version):
            raise ValueError(f"{version!r} is not a version of LiteLLM; one looks like {DEFAULT_VERSION}")
        lock = _LOCKS / f"litellm-{version}.txt"
        if exclude_newer is None and lock.exists():
            return cls(version, tuple(lock.read_text().splitlines()), locked=True)
        return cls(version, (f"litellm[proxy]=={version}", *_BESIDE), locked=False, exclude_newer=exclude_newer)

    def digest(self, python: str) -> str:
        """Return a short name for just these requirements on just that Python."""
        text = "\n".join([*self.lines, *RELAXED, self.exclude_newer or "", python])
        return hashlib.sha256(text.encode()).hexdigest()[:12]
