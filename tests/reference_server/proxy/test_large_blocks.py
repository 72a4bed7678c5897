from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

MAPPED = """
import ctypes, sys
from hopcheck_server.proxy.memory.large_blocks import return_large_blocks

class Info(ctypes.Structure):  # glibc's `mallinfo2`
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks mapped f g h i j".split()]

info = ctypes.CDLL(None).mallinfo2
info.restype = Info
if sys.argv[1] == "with":
    return_large_blocks()
del (freed := [bytes(16_000_000)])[:]  # from now on, glibc keeps blocks up to this size
before = info().mapped
kept = bytes(8_000_000)
print(info().mapped - before)
"""


def mapped_bytes(how: str) -> int:
    """Return what a later large block adds to the memory that is mapped block by block, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MAPPED, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="this C library isn't glibc")
def test_large_blocks_stay_out_of_the_heap() -> None:
    assert mapped_bytes("without") == 0
    assert mapped_bytes("with") >= 8_000_000
