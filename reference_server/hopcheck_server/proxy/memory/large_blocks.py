"""Large blocks of memory: glibc keeps them once some have been freed, and bodies would leave holes in its heap."""

from __future__ import annotations

import ctypes

M_MMAP_THRESHOLD = -3
"""glibc's number of the option: larger blocks are mapped by themselves, and returned as soon as they are freed."""

LARGE_BYTES = 512 * 1024


def return_large_blocks() -> None:
    """Let this process return large blocks when they are freed. Other C libraries have no such option."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
