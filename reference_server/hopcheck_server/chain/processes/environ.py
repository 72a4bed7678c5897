"""The environment that a child process gets: what a program needs to run, and nothing of the user's shell besides."""

import os
from collections.abc import Mapping

# An allow-list, not a deny-list: nobody can name every provider's key, proxy variable and tracing switch.
_NEEDED = frozenset({"PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT"})


def scrubbed_environment(extra: Mapping[str, str] = {}, *, source: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the few variables that any program needs, then `extra` over them.

    Args:
        extra: What this child is to be told.
        source: Where the needed ones come from; our own environment if not given.
    """
    source = os.environ if source is None else source
    kept = {name: value for name, value in source.items() if name in _NEEDED or name.startswith("LC_")}
    return {**kept, **extra}
