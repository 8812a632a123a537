"""Compute when first asked, then keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, overload

Owner = TypeVar("Owner")
Kept = TypeVar("Kept")


class remember(Generic[Owner, Kept]):  # noqa: N801 (it reads as the decorator it is)
    """``functools.cached_property`` without its lock, which breaks full-graph compilation on Python 3.11."""

    def __init__(self, compute: Callable[[Owner], Kept]) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> remember[Owner, Kept]: ...
    @overload
    def __get__(self, owner: Owner, kind: type) -> Kept: ...
    def __get__(self, owner: Owner | None, kind: type) -> remember[Owner, Kept] | Kept:
        if owner is None:
            return self
        kept = owner.__dict__[self.compute.__name__] = self.compute(owner)
        return kept
