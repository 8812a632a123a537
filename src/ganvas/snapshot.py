"""The averaged networks that a user keeps, in one safetensors file that explains itself.

The header holds one JSON text: format version, recipe (and with it the space), images seen, metrics. Nothing in the
file can run code, and opening it needs nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ganvas import __version__
from ganvas.errors import GanvasError
from ganvas.files import write_whole
from ganvas.images import to_uint8
from ganvas.recipes.recipe import Recipe
from ganvas.space import Classes, Space

FORMAT = 1
CHUNK = 64
"""Pictures are made this many at a time, padded: a matrix product's last bits depend on its size, a seed's must not."""
FOREIGN = (".pth", ".pt", ".ckpt", ".param", ".bin")
"""Endings of the weights that other tools write."""


class Header(BaseModel):
    """The JSON text in a snapshot's header. What a later version adds does not keep an older one from reading."""

    format: int
    ganvas: str
    recipe: dict[str, Any]
    roles: tuple[str, ...]
    abilities: tuple[str, ...]
    images: int
    metrics: dict[str, Any]


@dataclass
class Snapshot:
    """Networks by role, and where they come from."""

    networks: dict[str, nn.Module]
    recipe: Recipe
    images: int
    """Real images seen in training."""
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def space(self) -> Space:
        return self.recipe.space

    @property
    def abilities(self) -> tuple[str, ...]:
        """What this snapshot can do."""
        return self.recipe.abilities if "generator" in self.networks else ()

    def must(self, ability: str) -> None:
        """Raises:
        GanvasError: this snapshot has not that ability.
        """
        if ability not in self.abilities:
            can = " and ".join(self.abilities) or "do nothing"
            raise GanvasError(f"this snapshot ({self.recipe.name}) cannot {ability}; it can {can}")

    @property
    def generator(self) -> Any:
        """The generator.

        Raises:
            GanvasError: this snapshot cannot sample.
        """
        self.must("sample")
        return self.networks["generator"]

    @property
    def fingerprint(self) -> str:
        """Hash of recipe and weights: the same one samples the same pictures. Metrics do not count."""
        digest = hashlib.sha256(self.recipe.model_dump_json().encode())
        for role, network in sorted(self.networks.items()):
            for name, tensor in network.state_dict().items():
                digest.update(f"{role}.{name}".encode() + tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def latents(self, seeds: Sequence[int], truncation: float = 1.0) -> Tensor:
        """(len(seeds), dimension) latents; see `Prior.of_seeds`."""
        z: Tensor = self.generator.prior.of_seeds(seeds, truncation)
        return z

    def conditions(self, seeds: Sequence[int], wanted: int | str | None = None) -> Tensor | None:
        """The condition of each seed: the wanted class (by name or number), otherwise seed modulo number of classes.

        Raises:
            GanvasError: no such class, or this snapshot knows none.
        """
        classes = self.space.condition
        if not isinstance(classes, Classes):
            if wanted is not None:
                raise GanvasError(f"class {wanted}: this snapshot was trained without classes")
            return None
        if wanted is None:
            return torch.tensor([seed % classes.count for seed in seeds])
        if str(wanted) in classes.names:
            return torch.full((len(seeds),), classes.names.index(str(wanted)))
        if (isinstance(wanted, int) or wanted.isdigit()) and 0 <= int(wanted) < classes.count:
            return torch.full((len(seeds),), int(wanted))
        raise GanvasError(f"no class is called '{wanted}'; there are {', '.join(classes.names)}")

    def class_names(self, condition: Tensor | None) -> list[str] | None:
        """What each condition (N,) asks for, by name; None where nothing can be asked."""
        classes = self.space.condition
        if condition is None or not isinstance(classes, Classes):
            return None
        return [classes.names[label] for label in condition.tolist()]

    def sample(self, seeds: Sequence[int], condition: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """uint8 (len(seeds), C, H, W): seed 7 is the same picture, to the bit, in whatever company it is asked for.

        Args:
            seeds: one picture each.
            condition: int64 (len(seeds),); by default `conditions`.
            truncation: in (0, 1]; smaller is less various and more typical (`Prior.of_seeds`).
        """
        return self.generate(
            self.latents(seeds, truncation), self.conditions(seeds) if condition is None else condition
        )

    @torch.no_grad()
    def generate(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Latents (N, dimension) and conditions (N,) → uint8 pictures (N, C, H, W) on the CPU."""
        device = next(self.generator.parameters()).device
        pictures = [
            to_uint8(self.generator(_padded(z[i : i + CHUNK], device), _chunk(condition, i, device)))[
                : len(z) - i
            ].cpu()
            for i in range(0, len(z), CHUNK)
        ]
        return torch.cat(pictures)

    def to(self, device: torch.device | str) -> Snapshot:
        """The same snapshot with its networks on another device."""
        for network in self.networks.values():
            network.to(device)
        return self

    def save(self, path: Path) -> None:
        """Write the file whole or not at all.

        Raises:
            GanvasError: it cannot be written.
        """
        tensors = {
            f"{role}.{name}": tensor.detach().cpu().contiguous()
            for role, network in self.networks.items()
            for name, tensor in network.state_dict().items()
        }
        about = Header(
            format=FORMAT,
            ganvas=__version__,
            recipe=self.recipe.model_dump(mode="json"),
            roles=tuple(sorted(self.networks)),
            abilities=self.abilities,
            images=self.images,
            metrics=self.metrics,
        )
        content = save(tensors, metadata={"ganvas": about.model_dump_json()})
        write_whole(path, lambda beside: beside.write_bytes(content))


def _padded(rows: Tensor, device: torch.device) -> Tensor:
    missing = CHUNK - len(rows)
    return torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])]).to(device) if missing else rows.to(device)


def _chunk(condition: Tensor | None, start: int, device: torch.device) -> Tensor | None:
    return None if condition is None else _padded(condition[start : start + CHUNK], device)


def open_snapshot(path: str | Path, device: str | torch.device = "cpu") -> Snapshot:
    """Open a ``.safetensors`` file, a run directory, or the packaged ``digits``.

    Raises:
        GanvasError: missing, damaged, foreign, from a newer ganvas, or made by a GAN from outside that is not loaded.
    """
    file = find_snapshot(path)
    about, tensors = _read(file)
    if about.format > FORMAT:
        raise GanvasError(f"{file} is format {about.format}, this ganvas reads up to {FORMAT}: update ganvas")
    try:
        recipe = Recipe.model_validate(about.recipe)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise GanvasError(f"{file}: {problem}; a GAN from outside needs its code: --code my_gan.py") from error
    networks = recipe.networks(about.roles)
    for role, network in networks.items():
        weights = {name.partition(".")[2]: t for name, t in tensors.items() if name.partition(".")[0] == role}
        _load(network, weights, file)
    return Snapshot(networks, recipe, about.images, about.metrics).to(device)


def find_snapshot(path: str | Path) -> Path:
    """The snapshot file that a user's word means.

    Raises:
        GanvasError: there is none.
    """
    place = Path(path)
    if place.is_dir():
        place = place / "snapshot.safetensors"
        if not place.exists():
            raise GanvasError(f"{path} holds no snapshot.safetensors yet: is it a run directory that has saved?")
    if not place.exists() and str(path) == "digits":
        return Path(__file__).parent / "data" / "digits.safetensors"
    if not place.is_file():
        raise GanvasError(f"{path}: no such snapshot; give a .safetensors file, a run directory, or 'digits'")
    return place


def _read(file: Path) -> tuple[Header, dict[str, Tensor]]:
    try:
        with safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
            names = list(opened.keys())
            return Header.model_validate_json(header["ganvas"]), {name: opened.get_tensor(name) for name in names}
    except (KeyError, ValidationError) as error:
        raise GanvasError(f"{file} is a safetensors file, but not a ganvas snapshot") from error
    except (SafetensorError, OSError, ValueError) as error:
        foreign = file.suffix.lower() in FOREIGN
        why = f"; weights of another tool? ganvas convert {file} --out x.safetensors" if foreign else f" ({error})"
        raise GanvasError(f"{file} is damaged or no safetensors file{why}".replace("\n", " ")) from error


def _load(network: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise GanvasError(f"{file}: its weights do not fit the networks of its recipe") from error
    network.requires_grad_(False).eval()
