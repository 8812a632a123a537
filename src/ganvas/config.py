"""Frozen, validated, JSON-able descriptions, and how JSON finds the right class again.

A *family* is an abstract description (a loss, a network, a prior) whose members each carry a ``kind``. A field typed
with the family accepts a member, its JSON object, or its bare kind: ``loss=Hinge()``, ``{"kind": "hinge"}`` and
``"hinge"`` mean the same. Members register by being defined, so a GAN from outside the package joins by subclassing.
"""

from __future__ import annotations

import difflib
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator


class Config(BaseModel):
    """Base of everything that is written into a recipe: immutable, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    def but(self, **changes: Any) -> Self:
        """The same description with some fields changed, validated again."""
        return type(self).model_validate({**dict(self), **changes})


class UnknownKindError(ValueError):
    """A word that is no member of a family; it knows those that are."""

    def __init__(self, family: type[Family], kind: str) -> None:
        super().__init__(f"no {family.__name__} is called '{kind}'; {suggest(kind, family.members)}")
        self.kind, self.known = kind, sorted(family.members)


class Family(Config):
    """A description with members told apart by ``kind``. Direct subclasses are families, their subclasses members."""

    kind: str = ""
    members: ClassVar[dict[str, type[Family]]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if Family in cls.__bases__:
            cls.members = {}
        elif cls.model_fields["kind"].default:
            cls.members[cls.model_fields["kind"].default] = cls

    @classmethod
    def member(cls, kind: str) -> type[Family]:
        """The member of this family with that kind; an unknown kind lists the near ones."""
        if kind in cls.members:
            return cls.members[kind]
        raise UnknownKindError(cls, kind)

    @model_validator(mode="wrap")
    @classmethod
    def _by_kind(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, str | int | float):
            value = {"kind": str(value)}
        if isinstance(value, dict) and Family in cls.__bases__:
            return cls.member(value.get("kind", "")).model_validate(value)  # type: ignore[return-value]
        return handler(value)


def none(value: Any) -> Any:
    """The word ``none``, as people write it on a command line, for a field that may be None."""
    return None if value == "none" else value


def by_kind(value: Any) -> Any:
    """``"r1,r2"``, ``["r1"]``, ``{"r1": {"gamma": 1}}``, one object or none → one object a kind."""
    if value is None:
        return {}
    if isinstance(value, dict) and "kind" in value:
        return {value["kind"]: value}
    if isinstance(value, str):
        value = [kind.strip() for kind in value.split(",") if kind.strip() not in ("", "none")]
    if isinstance(value, list | tuple):
        return {(item if isinstance(item, str) else item.kind): item for item in value}
    if isinstance(value, dict):
        bare = next((kind for kind, item in value.items() if not isinstance(item, dict | BaseModel)), None)
        if bare is not None:
            raise ValueError(f"{bare} is described by several numbers: set {bare}.weight or another of its fields")
        return {kind: {"kind": kind, **item} if isinstance(item, dict) else item for kind, item in value.items()}
    return value


def suggest(name: str, known: Any) -> str:
    """'did you mean …' for a mistyped name, or the whole short list."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(f"'{n}'" for n in near) + "?"
    return "known: " + ", ".join(sorted(known))
