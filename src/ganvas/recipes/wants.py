"""What a recipe asks of the data before it has seen any."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

Make = TypeVar("Make", bound=Callable[..., Any])

SIZES = ("size", "crop", "fit")
"""Fields that say one thing together: who gives one of them has chosen for himself."""


def wants(**fields: Any) -> Callable[[Make], Make]:
    """Over a recipe's function: fields of `DataSpec` as they should be unless the user says otherwise."""

    def marked(make: Make) -> Make:
        make.wants = fields  # type: ignore[attr-defined]
        return make

    return marked


def wanted(make: Callable[..., Any], given: Collection[str]) -> dict[str, Any]:
    """What the recipe wants beyond the fields that were ``given``."""
    fields: Mapping[str, Any] = getattr(make, "wants", {})
    chosen = {*given, *(SIZES if set(SIZES) & set(given) else ())}
    return {name: value for name, value in fields.items() if name not in chosen}
