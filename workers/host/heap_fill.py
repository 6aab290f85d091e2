"""Fills the free memory inside the zygote's heap before it forks.

Memory that importing left free lies scattered between things that workers only read. A worker's
first small objects would go into these holes, and each would have a whole page copied. With the
holes filled, they lie side by side in pages of their own: about 1 MB a worker. The filling, half a
megabyte, is shared like everything else.
"""

from __future__ import annotations

import ctypes
import sys

# CPython's allocator of small objects: pools of 16 KB, each of blocks of one size
# (Objects/obmalloc.c: POOL_SIZE, ALIGNMENT, SMALL_REQUEST_THRESHOLD, POOL_OVERHEAD).
POOL_BYTES = 16 * 1024
POOL_OVERHEAD = 48
BLOCKS = range(48, 513, 16)
MOST_POOLS = 2000  # of one size that are filled up at most; about 60 suffice

# glibc's allocator of everything larger. A hole may be megabytes wide: once a program freed a large piece that was
# mapped apiece, glibc takes pieces up to that size from the heap (mallopt(3), M_MMAP_THRESHOLD).
LARGEST = 8_000_000
TOP_BYTES = 2 * 4096  # what malloc_trim leaves at the heap's end, rounded up
SMALLEST = 24
STEP = 0.8
MOST_PIECES = 100_000
# It keeps some freed pieces of each small size aside, wherever they lie, and gives these first (glibc.malloc.tcache).
KEPT_ASIDE = 7
LARGEST_KEPT = 1032
UNIT = 16

_filling: list[list[bytes]] = []


def fill_free_heap() -> None:
    """Takes all free memory between used blocks, for the rest of this process's life."""
    _filling.extend(_fill_pools(block) for block in BLOCKS)
    _fill_heap()


def _fill_pools(block: int) -> list[bytes]:
    """Objects of one size, until they come one right after the other through a whole pool: a new one."""
    capacity = (POOL_BYTES - POOL_OVERHEAD) // block
    length = block - sys.getsizeof(b"")
    kept: list[bytes] = []
    run, last = 0, 0
    for _ in range(capacity * MOST_POOLS):
        piece = bytes(length)
        kept.append(piece)
        run = run + 1 if id(piece) - last == block else 0
        last = id(piece)
        if run == capacity - 1:
            del kept[-capacity:]
            break
    return kept


def _fill_heap() -> None:
    """Pieces of ever smaller size, each until it no longer fits below the end of what is in use."""
    libc = _libc()
    for size in range(SMALLEST, LARGEST_KEPT + 1, UNIT):
        for _ in range(KEPT_ASIDE):
            libc.malloc(size)
    libc.malloc_trim(0)
    end = libc.sbrk(0) - TOP_BYTES
    size = LARGEST
    while size:
        for _ in range(MOST_PIECES):
            piece = libc.malloc(size)
            if piece is None or piece >= end:
                libc.free(piece)
                break
        size = max(int(size * STEP), SMALLEST) if size > SMALLEST else 0


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    libc.free.argtypes, libc.free.restype = [ctypes.c_void_p], None
    libc.sbrk.argtypes, libc.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
    libc.malloc_trim.argtypes, libc.malloc_trim.restype = [ctypes.c_size_t], ctypes.c_int
    return libc
