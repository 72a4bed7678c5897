"""The environment of a child process: what any program needs, and nothing else of the user's shell."""

import os
from collections.abc import Mapping

# An allow-list: a deny-list can't name every provider's key, proxy variable and tracing switch.
_NEEDED = frozenset({"PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT"})


def scrubbed_environment(extra: Mapping[str, str] = {}, *, source: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the few variables that any program needs, then `extra` over them.

    Args:
        extra: Variables for this child.
        source: The environment with the needed ones; our own if not given.
    """
    source = os.environ if source is None else source
    kept = {name: value for name, value in source.items() if name in _NEEDED or name.startswith("LC_")}
    return {**kept, **extra}
