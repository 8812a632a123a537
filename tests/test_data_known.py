"""Sets by name: a local copy first, else fetched whole and checked; without a net, one line that helps."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from ganvas.data import DataSpec, known, open_data
from ganvas.data.known import KNOWN, Published
from ganvas.errors import GanvasError
from ganvas.space import Classes

IMAGES = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
NAMES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")


def contents() -> list[bytes]:
    images = struct.pack(">HBB3I", 0, 8, 3, *IMAGES.shape) + IMAGES.tobytes()
    labels = struct.pack(">HBB1I", 0, 8, 1, 2) + bytes([0, 9])
    return [gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0)]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy anywhere, and no net: every URL leads into an empty folder."""
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANVAS_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net").mkdir()
    for name, entry in KNOWN.items():
        monkeypatch.setitem(KNOWN, name, dataclasses.replace(entry, urls=((tmp_path / "net").as_uri() + "/",)))


def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for name, content in zip(NAMES, contents(), strict=True):
        (tmp_path / "net" / name).write_bytes(content)
        files.append(Published(name, hashlib.md5(content).hexdigest()))
    monkeypatch.setitem(KNOWN, "mnist", dataclasses.replace(KNOWN["mnist"], files=tuple(files)))


def test_without_net_one_line_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(GanvasError) as raised:
        open_data(DataSpec(source="mnist"))
    line = str(raised.value)
    assert line.startswith("mnist is not on this machine and cannot be fetched (")
    assert line.endswith(f"put {NAMES[0]} and {NAMES[1]} into {tmp_path / 'cache' / 'downloads' / 'mnist'}")
    assert "\n" not in line
    with pytest.raises(GanvasError, match=r"put cifar-10-binary\.tar\.gz into "):
        open_data(DataSpec(source="cifar10"))


@pytest.mark.parametrize("place", ["data/mnist", "datasets/MNIST/raw", "mnist", "elsewhere/mnist"])
@pytest.mark.parametrize("unpacked", [False, True])
def test_local_copies_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, unpacked: bool) -> None:
    monkeypatch.setenv("GANVAS_DATA", str(tmp_path / "elsewhere"))
    (tmp_path / place).mkdir(parents=True)
    for name, content in zip(NAMES, contents(), strict=True):
        file = tmp_path / place / (name.removesuffix(".gz") if unpacked else name)
        file.write_bytes(gzip.decompress(content) if unpacked else content)
    data = open_data(DataSpec(source="mnist"))
    np.testing.assert_array_equal(data.images[:, 0], IMAGES)
    assert data.labels is not None and data.labels.tolist() == [0, 9]
    assert data.space.condition == Classes(names=tuple("0123456789"))  # all ten, though two are there
    assert data.name == "mnist"


def test_a_fetched_file_is_checked_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told how much it is; the next time nothing is fetched; the next mirror is tried when one fails."""
    publish(tmp_path, monkeypatch)
    empty = (tmp_path / "nowhere").as_uri() + "/"
    monkeypatch.setitem(KNOWN, "mnist", dataclasses.replace(KNOWN["mnist"], urls=(empty, *KNOWN["mnist"].urls)))
    assert len(open_data(DataSpec(source="mnist"))) == 2
    told = capsys.readouterr().err
    assert told.count("fetching") == 2 and "MiB)" in told
    monkeypatch.setattr(known, "_fetch", None)
    assert len(open_data(DataSpec(source="mnist"))) == 2


def test_wrong_bytes_are_refused_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, monkeypatch)
    (tmp_path / "net" / NAMES[0]).write_bytes(contents()[0][:-8] + b"tampered")
    with pytest.raises(GanvasError, match=r"has checksum \w+, not "):
        open_data(DataSpec(source="mnist"))
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_every_known_set_comes_by_https() -> None:
    for url in (*known._MNIST_URLS, *known._FASHION_URLS, *known._CIFAR_URLS):
        assert url.startswith("https://") and url.endswith("/")
