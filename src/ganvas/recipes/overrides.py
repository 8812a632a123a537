"""``--set path=value``: change a recipe in its own field names, one change after the other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from ganvas.config import UnknownKindError, suggest
from ganvas.errors import GanvasError
from ganvas.recipes.recipe import Recipe

AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)

ELSEWHERE = {
    "space": "the space is asked of the data; use --data, --size or --labels",
    "data": "this is asked of the data; use --data, --size, --limit, --labels or --mirror",
}
"""What has an option of its own, or is not the user's to say."""


def overridden(recipe: AnyRecipe, settings: Iterable[str]) -> AnyRecipe:
    """The recipe with ``batch=32``, ``loss=hinge``, ``penalties.r1.gamma=1->0.1`` … applied in order.

    Raises:
        GanvasError: unknown path (near names are listed), wrong value, or a combination that cannot work.
    """
    for setting in settings:
        recipe = _set(recipe, setting)
    if reason := recipe.unsound():
        raise GanvasError(reason)
    return recipe


def _set(recipe: AnyRecipe, setting: str) -> AnyRecipe:
    path, equals, text = setting.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise GanvasError(f"--set {setting}: write path=value, for instance batch=32")
    if keys[0] in ELSEWHERE:
        raise GanvasError(f"--set {setting}: {ELSEWHERE[keys[0]]}")
    fields = recipe.model_dump(mode="json")
    level: Any = fields
    for depth, key in enumerate(keys):
        if not isinstance(level, dict) or key not in level:
            raise GanvasError(f"--set {setting}: {_unknown(level, keys, depth)}")
        if depth < len(keys) - 1:
            level = level[key]
    level[keys[-1]] = _parse(text.strip())
    try:
        return type(recipe).model_validate(fields)
    except ValidationError as error:
        raise GanvasError(f"--set {setting}: {first_problem(error)}") from error


def _unknown(level: Any, keys: list[str], depth: int) -> str:
    here = ".".join(keys[:depth]) or "the recipe"
    if level is None:
        return f"{here} is none; set {here}=… first"
    if not isinstance(level, dict):
        return f"{here} is the single value {level!r}; set {here}=… whole"
    if not level:
        return f"{here} has no '{keys[depth]}'; it is empty, set {here}={keys[depth]} first"
    by_kind = all(isinstance(part, dict) and part.get("kind") == kind for kind, part in level.items())
    more = f", or add it first: --set {here}={','.join([*level, keys[depth]])}" if by_kind else ""
    return f"{here} has no '{keys[depth]}'; {suggest(keys[depth], level)}{more}"


def _parse(text: str) -> Any:
    """JSON where it is JSON (numbers, true, lists), otherwise the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def first_problem(error: ValidationError) -> str:
    """The first complaint of a validation, in one line."""
    problem = error.errors()[0]
    message = str(problem["msg"]).removeprefix("Value error, ")
    places = [str(part) for part in problem["loc"] if not str(part).startswith("function")]
    cause = problem.get("ctx", {}).get("error")
    if places and isinstance(cause, UnknownKindError):
        return _no_such_kind(places, cause)
    return ": ".join(filter(None, [".".join(places), message]))


def _no_such_kind(places: list[str], cause: UnknownKindError) -> str:
    """Which field cannot be that, and all that it can be."""
    field = ".".join(places[:-1] if places[-1] == cause.kind and len(places) > 1 else places)
    near = suggest(cause.kind, cause.known)
    known = f"known: {', '.join(cause.known)}"
    return f"{field} cannot be '{cause.kind}'; {near if near == known else f'{near} {known}'}"
