"""What a run goes on from: one file, loadable without running code, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from ganvas.errors import GanvasError
from ganvas.files import write_whole
from ganvas.games.game import Game

VERSION = 2


class Remembers(Protocol):
    """A part of a run that is not a pure function of the images seen."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: Any) -> Any: ...


def parts_of(game: Game, **others: Remembers) -> dict[str, Remembers]:
    """Everything that has state, by a stable name."""
    networks = {f"network/{name}": network for name, network in game.networks.items()}
    optimizers = {f"optimizer/{name}": optimizer for name, optimizer in game.optimizers.items()}
    return {**networks, **optimizers, **others}


def write_state(path: Path, parts: Mapping[str, Remembers]) -> None:
    """Write everything that has state.

    Raises:
        GanvasError: it cannot be written; the old state is intact.
    """
    state = {"version": VERSION, "parts": {name: part.state_dict() for name, part in parts.items()}}
    write_whole(path, lambda beside: _save(state, beside))


def _save(state: dict[str, Any], beside: Path) -> None:
    try:
        torch.save(state, beside)
    except RuntimeError as error:  # torch's writer turns a full disk into a RuntimeError
        raise OSError(str(error).splitlines()[0]) from error


def read_state(path: Path) -> dict[str, Any]:
    """The states by part name, on the CPU; give them back with `restore`.

    Raises:
        GanvasError: the file is damaged or of another version.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        version, parts = state["version"], state["parts"]
    except Exception as error:
        raise GanvasError(f"{path} is damaged ({type(error).__name__}); move it away to start the run anew") from error
    if version != VERSION:
        raise GanvasError(f"{path} is of version {version}, this ganvas resumes version {VERSION}")
    return dict(parts)


def restore(parts: Mapping[str, Remembers], states: Mapping[str, Any], path: Path) -> None:
    """Put everything back as it was.

    Raises:
        GanvasError: the states do not belong to these parts.
    """
    try:
        for name, part in parts.items():
            part.load_state_dict(states[name])
    except (KeyError, RuntimeError, ValueError) as error:
        raise GanvasError(f"{path} does not fit this run's recipe; move it away to start the run anew") from error


def is_finite(parts: Mapping[str, Remembers]) -> bool:
    """Whether every floating-point number of every part is finite; this waits for the device."""
    return all(torch.isfinite(t).all() for part in parts.values() for t in _tensors(part.state_dict()))


def _tensors(state: Any) -> list[torch.Tensor]:
    if isinstance(state, torch.Tensor):
        return [state] if state.is_floating_point() else []
    children = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return [tensor for child in children for tensor in _tensors(child)]
