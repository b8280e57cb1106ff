"""How this process has its native libraries use memory and threads."""

from __future__ import annotations

import os
import sys

_MMAP_THRESHOLD = -3
"""``M_MMAP_THRESHOLD`` of ``malloc.h``."""
_LARGE_BYTES = 1_000_000


def share_polars_memory() -> None:
    """Give polars' allocator (jemalloc) one pool, where four a core are usual; to be called before polars is loaded.

    What one thread has freed, the others can use then; a pool keeps what is free for ten seconds.
    """
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")


def one_thread_a_document() -> None:
    """Let typst set each document in one thread; to be called before it sets the first.

    Documents are set side by side on all cores; threads inside each of them (rayon's) would only change places: 63
    memos took a twelfth more processor time with them.
    """
    os.environ.setdefault("RAYON_NUM_THREADS", "1")


def return_large_blocks() -> None:
    """Let glibc's allocator give large blocks back as soon as they are free.

    Of itself it raises the size from which it does so with every such block (``mallopt(3)``): after one file of 20 MB
    was read, each thread may keep as much. Another allocator is left as it is.
    """
    if not sys.platform.startswith("linux") or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
