"""A number with its noun."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """1 picture, 2 pictures, 1,000 pictures."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
