"""``ganvas convert``, there and back, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import peers
from console import Ganvas, complaint
from ganvas import models
from ganvas.bridge.convert import convert, converted, open_foreign, to_foreign, write_foreign
from ganvas.bridge.recognise import recognise
from ganvas.cli.main import app
from ganvas.errors import GanvasError
from ganvas.snapshot import open_snapshot


def ganvas(*words: object) -> str:
    """What it prints; errors come as they are raised."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("peer", "to", "what"),
    [
        (peers.UNet(3, 3, 7, 2, "batch", True), "pix2pix", "a pix2pix U-Net of 7 levels with batch normalisation"),
        (peers.ResNet(3, 3, 2, 6, "instance", False), "pix2pix", "a CycleGAN ResNet of 6 blocks"),
        (peers.ResNet(3, 3, 2, 6, "instance", False, blurs=True), "pix2pix", "a CUT ResNet of 6 blocks"),
        (peers.RRDBNet(3, 3, 2, 4, 1, 2), "real-esrgan", "an ESRGAN network (RRDB) of 1 blocks, 2x"),
        (peers.SRVGG(3, 4, 4, 2), "real-esrgan", "a compact Real-ESRGAN network of 2 convolutions, 4x"),
    ],
)
def test_there_and_back(peer: nn.Module, to: str, what: str, tmp_path: Path) -> None:
    """Their file → a snapshot that opens by itself → a file that their own network loads, strictly and without code."""
    theirs, snapshot, back = tmp_path / "net_G.pth", tmp_path / "g.safetensors", tmp_path / "back.pth"
    state = peers.randomised(peer).state_dict()
    torch.save({"params_ema": state} if to == "real-esrgan" else state, theirs)
    assert what in ganvas("convert", theirs, "--out", snapshot)
    assert open_snapshot(snapshot).recipe.name == "net_G"
    ganvas("convert", snapshot, "--to", to, "--out", back)
    loaded = torch.load(back, weights_only=True)
    peer.load_state_dict(loaded["params_ema"] if to == "real-esrgan" else loaded, strict=True)
    assert all(torch.equal(peer.state_dict()[name], tensor) for name, tensor in state.items())


def test_safetensors_of_other_tools_are_read_too(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    peer = peers.randomised(peers.SRVGG(3, 4, 4, 2))
    save_file(dict(peer.state_dict()), tmp_path / "x4.safetensors")
    assert open_foreign(tmp_path / "x4.safetensors").config.kind == "compact"


def test_files_of_the_old_format_are_read(tmp_path: Path) -> None:
    """Before PyTorch 1.6 files were bare pickles, the published pix2pix and CycleGAN generators among them."""
    state = peers.ResNet(3, 3, 2, 6, "instance", False).state_dict()
    torch.save(state, tmp_path / "net_G.pth", _use_new_zipfile_serialization=False)
    assert open_foreign(tmp_path / "net_G.pth").config.kind == "resnet"


def test_a_converted_network_is_read_only_and_in_eval(tmp_path: Path) -> None:
    torch.save(peers.SRVGG(3, 4, 4, 2).state_dict(), tmp_path / "x4.pth")
    told: list[str] = []
    snapshot = convert(tmp_path / "x4.pth", tmp_path / "x4.safetensors", lambda foreign: told.append(foreign.what))
    assert told == ["a compact Real-ESRGAN network of 2 convolutions, 4x"]
    network = snapshot.networks["generator"]
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert snapshot.fingerprint == open_snapshot(tmp_path / "x4.safetensors").fingerprint


def test_every_architecture_is_known_as_soon_as_one_is() -> None:
    """A snapshot explains itself to who knows nothing of the bridge, though no recipe begins with a compact network:
    importing any part of the package imports every file of it."""
    files = {file.stem for file in Path(models.__file__).parent.glob("*.py")} - {"__init__", "networks"}
    assert set(models.__all__) == files


def test_unknown_files_are_named_with_their_first_tensors(tmp_path: Path) -> None:
    path = tmp_path / "lstm.pth"
    torch.save(nn.LSTM(2, 2).state_dict(), path)
    with pytest.raises(GanvasError, match=r"lstm\.pth: no network.*weight_ih_l0, weight_hh_l0, bias_ih_l0, … 4 in all"):
        open_foreign(path)
    with pytest.raises(GanvasError, match=r"nowhere\.pth: no such file"):
        open_foreign(tmp_path / "nowhere.pth")
    with pytest.raises(GanvasError, match="did you mean 'realesrgan-x4plus'"):
        open_foreign("realesrgan-x4")


@pytest.mark.parametrize("name", ["conv0.weight", "mlp_0.0.weight", "scale0_layer0.0.weight"])
def test_known_but_of_no_use(name: str) -> None:
    with pytest.raises(GanvasError, match="nothing to translate with"):
        recognise({name: torch.zeros(1)})


def test_a_pickled_network_is_refused(tmp_path: Path) -> None:
    """Reading it could run any code; one line says so, and what to do."""
    path = tmp_path / "module.pth"
    torch.save(nn.Linear(1, 1), path)
    with pytest.raises(GanvasError, match=r"module\.pth holds more than tensors.*state_dict") as refused:
        open_foreign(path)
    assert "\n" not in str(refused.value)


def test_a_snapshot_that_does_not_translate_is_refused() -> None:
    with pytest.raises(GanvasError, match="does not translate"):
        to_foreign(open_snapshot("digits"), "pix2pix")
    translator = converted(recognise(peers.SRVGG(3, 4, 4, 2).state_dict()), "x4")
    with pytest.raises(GanvasError, match="no network 'inverse', only generator"):
        to_foreign(translator, "real-esrgan", role="inverse")


def test_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GanvasError, match="cannot write"):
        write_foreign({"a": torch.zeros(1)}, tmp_path / "file" / "x.pth")


def test_a_snapshot_asks_for_which_tool(tmp_path: Path) -> None:
    """There is nothing to convert it from: without ``--to`` the line says which values that takes."""
    torch.save(peers.randomised(peers.SRVGG(3, 4, 4, 2)).state_dict(), tmp_path / "x4.pth")
    ganvas("convert", tmp_path / "x4.pth", "--out", tmp_path / "run" / "snapshot.safetensors")
    for ours in (tmp_path / "run", tmp_path / "run" / "snapshot.safetensors"):
        with pytest.raises(GanvasError, match=r"say with --to .*: pix2pix, real-esrgan, esrgan$"):
            ganvas("convert", ours, "--out", tmp_path / "x.pth")
    assert not (tmp_path / "x.pth").exists()


def test_hints_towards_the_right_file(tmp_path: Path, ganvas: Ganvas) -> None:
    """Of ncnn's two files the .param; a snapshot's own ending; and a .pth is no snapshot yet."""
    assert "give the other, x4.param" in complaint(ganvas("convert", "x4.bin", "--out", "x.safetensors"))
    assert "a snapshot ends in .safetensors" in complaint(ganvas("convert", "net_G.pth", "--out", "d.pth"))
    torch.save({"w": torch.zeros(1)}, tmp_path / "net_G.pth")
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    said = complaint(ganvas("translate", "net_G.pth", "a.png", "--out", "b.png"))
    assert "ganvas convert net_G.pth --out x.safetensors" in said
