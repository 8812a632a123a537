"""Running over pictures on several threads, in order, with a bounded number in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ganvas.data.picture import Unreadable

T = TypeVar("T")
MOST_THREADS = 8
BYTES_AT_ONCE = 1 << 22


def in_order(indices: Sequence[int], work: Callable[[int], T], bytes_each: int) -> Iterator[tuple[int, T | Unreadable]]:
    """``(index, work(index))`` for each index, in their order; an `Unreadable` takes the result's place.

    Decoding releases Python's lock, so threads do help. A task is a block of pictures of about 4 MiB (``bytes_each``
    bytes apiece), and no more than two blocks a thread wait for their turn.
    """
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    block = max(1, min(64, BYTES_AT_ONCE // max(1, bytes_each)))

    def run(part: Sequence[int]) -> list[tuple[int, T | Unreadable]]:
        return [(index, _attempt(work, index)) for index in part]

    with ThreadPoolExecutor(threads, "ganvas-decode") as pool:
        waiting: deque[Future[list[tuple[int, T | Unreadable]]]] = deque()
        for start in range(0, len(indices), block):
            waiting.append(pool.submit(run, indices[start : start + block]))
            if len(waiting) > 2 * threads:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def spread(count: int, limit: int | None) -> NDArray[np.int64]:
    """Positions of at most ``limit`` of ``count`` pictures, rising: one drawn from each of ``limit`` equal stretches.

    The draw is seeded by a constant, so it is the same each time; being spread, it keeps the classes' proportions.
    """
    if limit is None or limit >= count:
        return np.arange(count)
    edges = np.arange(limit + 1, dtype=np.int64) * count // limit
    return np.random.default_rng(0).integers(edges[:-1], edges[1:])


def _attempt(work: Callable[[int], T], index: int) -> T | Unreadable:
    try:
        return work(index)
    except Unreadable as reason:
        return reason
