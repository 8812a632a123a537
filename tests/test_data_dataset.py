"""`open_data`: decoded once, whole or not at all, in little memory; the packaged digits; bad sets in one line."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from ganvas.data import DataSpec, cache, open_data
from ganvas.data.decoding import in_order, spread
from ganvas.data.picture import Unreadable
from ganvas.errors import GanvasError

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def noise(*shape: int) -> bytes:
    return encoded(Image.fromarray(rng.integers(0, 256, shape, np.uint8)))


def folder(root: Path, files: Mapping[str, bytes]) -> Path:
    root.mkdir(parents=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    return root


def test_the_digits_in_the_package() -> None:
    """Its checksum, counts and licence are those that digits.md tells; at most 2 MB."""
    raw = (resources.files("ganvas.data") / "digits.npz").read_bytes()
    told = (resources.files("ganvas.data") / "digits.md").read_text()
    assert len(raw) <= 2_000_000
    assert hashlib.sha256(raw).hexdigest() in told and f"{len(raw):,} bytes" in told and "MIT" in told
    data = open_data(DataSpec(source="digits"))
    assert data.images.shape == (10_000, 1, 28, 28) and data.name == "digits"
    assert str(data.space) == "28x28, 1 channel, 10 classes"
    counts = list(data.summary["classes"].values())
    assert sum(counts) == 10_000 and "| pictures | " + " | ".join(map(str, counts)) in told
    assert (data.images.min(), data.images.max()) == (0, 255)
    assert len({image.tobytes() for image in data.images}) == 10_000


def test_the_summary_and_the_spec_are_json() -> None:
    spec = DataSpec(source="digits", size=(16, 20), limit=50, labels="labels")
    data = open_data(spec)
    assert data.images.shape == (50, 1, 16, 20)
    summary = json.loads(json.dumps(data.summary))
    assert (summary["found"], summary["count"], summary["limit"]) == (10_000, 50, 50)
    assert "antialiased bicubic" in summary["resize"]
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec


def test_sizes_as_people_write_them() -> None:
    for written, shape in ((64, (64, 64)), ("64", (64, 64)), ("64x96", (64, 96)), ([64, 96], (64, 96)), (None, None)):
        assert DataSpec.model_validate({"source": "x", "size": written}).shape == shape
    for wrong in ("abc", "64x", "1x2x3", 0, "0", -4, 1.5, (3, 0), ()):
        with pytest.raises(ValidationError, match="a size is a number of pixels"):
            DataSpec.model_validate({"source": "x", "size": wrong})


def test_a_limit_is_spread_over_the_set() -> None:
    """One of each of ``limit`` equal stretches: rising, distinct, the same each time, and every class in proportion.

    Digits lie class by class; of 10,000 taking 1,000 gives every class a tenth of its count, to within one stretch at
    either end.
    """
    for count, limit in ((10, 3), (10, 10), (7, 5), (1000, 999)):
        chosen = spread(count, limit)
        edges = np.arange(limit + 1) * count // limit
        assert ((edges[:-1] <= chosen) & (chosen < edges[1:])).all()
        assert chosen.tolist() == spread(count, limit).tolist()
    assert spread(4, None).tolist() == spread(4, 9).tolist() == [0, 1, 2, 3]
    whole, part = (open_data(DataSpec(source="digits", limit=limit)).summary["classes"] for limit in (None, 1000))
    assert sum(part.values()) == 1000
    assert all(abs(part[name] - whole[name] / 10) <= 1 for name in whole)


def test_decoded_once(tmp_path: Path) -> None:
    """The second opening decodes nothing; another size, a changed file or a damaged entry decodes anew."""
    root = folder(tmp_path / "set", {f"{k}.png": noise(6, 6) for k in range(5)})

    def count(**spec: object) -> int:
        calls: list[int] = []
        data = open_data(DataSpec.model_validate({"source": str(root), **spec}), lambda done, total: calls.append(done))
        assert isinstance(data.images, np.memmap) and not data.images.flags.writeable
        assert calls in ([], [1, 2, 3, 4, 5])
        return len(calls) // 5

    assert [count(), count(), count(size=4), count(size="4"), count(mirror=True)] == [1, 0, 1, 0, 0]
    (root / "0.png").write_bytes(noise(6, 6))
    assert [count(), count()] == [1, 0]
    before = open_data(DataSpec(source=str(root)))
    pixels = before.images.copy()
    for damage in ("truncate", "overwrite", "meta", "facts", "gone"):
        entries = sorted((tmp_path / "cache" / "data").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for entry in entries:
            harm(entry, damage)
        assert [count(), count()] == [1, 0], damage
        after = open_data(DataSpec(source=str(root)))
        assert after.fingerprint == before.fingerprint
        np.testing.assert_array_equal(after.images, pixels)


def harm(entry: Path, how: str) -> None:
    images = entry / cache.IMAGES
    match how:
        case "truncate":
            images.write_bytes(images.read_bytes()[:-1])
        case "overwrite":
            images.write_bytes(bytes(images.stat().st_size))
        case "meta":
            (entry / cache.META).write_text('{"shape": ')
        case "facts":
            (entry / cache.FACTS).write_bytes(b"nothing")
        case _:
            images.unlink()


def test_a_failure_leaves_no_part_behind(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"a.png": noise(6, 6)})

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_data(DataSpec(source=str(root)), stop)
    assert list((tmp_path / "cache" / "data").iterdir()) == []


def test_an_unwritable_cache_falls_back_to_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The cache's place is a file; the same pictures come, with one line of warning."""
    root = folder(tmp_path / "set", {f"{k}.png": noise(6, 6) for k in range(3)})
    stored = open_data(DataSpec(source=str(root)))
    (tmp_path / "blocked").write_text("")
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "blocked"))
    kept = open_data(DataSpec(source=str(root)))
    assert not isinstance(kept.images, np.memmap) and not kept.images.flags.writeable
    assert kept.fingerprint == stored.fingerprint
    np.testing.assert_array_equal(kept.images, stored.images)
    assert [record.message.startswith("cannot write the cache") for record in caplog.records] == [True]
    assert open_data(DataSpec(source="digits", limit=9)).images.shape == (9, 1, 28, 28)  # spooled in memory too


def test_the_faster_of_two_wins(tmp_path: Path) -> None:
    """While one decodes, another finishes the same entry: both see the same pictures and nothing is left over."""
    root = folder(tmp_path / "set", {f"{k}.png": noise(6, 6) for k in range(3)})
    spec = DataSpec(source=str(root))
    inner = []
    outer = open_data(spec, lambda done, total: inner.append(open_data(spec)) if done == 1 else None)
    assert inner[0].fingerprint == outer.fingerprint
    np.testing.assert_array_equal(inner[0].images, outer.images)
    assert isinstance(outer.images, np.memmap)
    assert len(list((tmp_path / "cache" / "data").iterdir())) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_falls_back_to_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cache, "IMAGES", "/dev/full")
    root = folder(tmp_path / "set", {f"{k}.png": noise(60, 60, 3) for k in range(30)})
    assert open_data(DataSpec(source=str(root))).images.shape == (30, 3, 60, 60)
    assert "No space left on device" in caplog.text
    assert list((tmp_path / "cache" / "data").iterdir()) == []


def test_unreadable_files_are_skipped_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One warning, however many; the reasons stand in the summary; labels stay with their pictures."""
    photo = encoded(Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((64, 64)), "JPEG")
    good = {f"good{k}.png": noise(8, 8, 3) for k in range(3)}
    bad = {"empty.png": b"", "text.png": b"hello", "cut.jpg": photo[: len(photo) // 2], "dot.png": noise(1, 1, 3)}
    root = folder(tmp_path / "set", good | bad)
    (root / "labels.csv").write_text("file,label\n" + "".join(f"{n},{n[:3]}{n[4:5]}\n" for n in good | bad))
    data = open_data(DataSpec(source=str(root), size=8))
    assert len(data) == 3 and data.summary["skipped_count"] == 4
    assert data.summary["skipped"].keys() == bad.keys()
    assert "truncated" in data.summary["skipped"]["cut.jpg"]
    assert data.attributes["label"].tolist() == ["goo0", "goo1", "goo2"]
    assert data.labels is not None and len(data.labels) == 3
    assert len(caplog.records) == 1
    assert "4 unreadable files were skipped, such as " in caplog.text


def test_nothing_readable_is_an_error_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(GanvasError, match=r"none of the 2 pictures in .* can be read, such as a\.png: not a picture"):
        open_data(DataSpec(source=str(folder(tmp_path / "a", {"a.png": b"x", "b.png": b""}))))
    with pytest.raises(GanvasError, match=r"holds no pictures \(nothing\)"):
        open_data(DataSpec(source=str(folder(tmp_path / "b", {}))))
    with pytest.raises(GanvasError, match=r"holds no pictures \(2 \.txt\)"):
        open_data(DataSpec(source=str(folder(tmp_path / "c", {"a.txt": b"x", "b.txt": b""}))))


def test_several_sizes_need_a_size(tmp_path: Path) -> None:
    files = {f"{k}.png": noise(40, 30) for k in range(3)} | {"wide.png": noise(20, 50), "rgb.png": noise(20, 50, 3)}
    root = folder(tmp_path / "set", files)
    with pytest.raises(GanvasError, match=r"several sizes: 40x30 \(3\), 20x50 \(2\); use --size 16"):
        open_data(DataSpec(source=str(root)))
    assert open_data(DataSpec(source=str(root), size=16)).images.shape == (5, 3, 16, 16)  # grey beside colour is colour
    assert open_data(DataSpec(source=str(root), size=16, channels=1)).images.shape == (5, 1, 16, 16)


def test_one_label_is_no_choice(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((4, 8, 8), np.uint8), labels=np.zeros(4, int))
    data = open_data(DataSpec(source=str(tmp_path / "a.npz")))
    assert data.labels is None and data.space.condition is None
    assert "all labels by labels are '0'" in data.summary["notes"][0]


def test_work_is_done_in_order_and_failures_are_handed_on() -> None:
    def work(index: int) -> int:
        if index % 7 == 0:
            raise Unreadable(f"{index}")
        return index * index

    done = list(in_order(range(200), work, bytes_each=1 << 19))
    assert [index for index, _ in done] == list(range(200))
    assert all(isinstance(out, Unreadable) if index % 7 == 0 else out == index**2 for index, out in done)


MEASURE = """
import resource, sys
from ganvas.data import DataSpec, open_data
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = open_data(DataSpec(source=sys.argv[1]))
print(data.images.nbytes // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_hold_all_pictures(tmp_path: Path) -> None:
    """200 MiB of pictures, decoded in under 100 MiB: what waits is at most 4 MiB a block and two blocks a thread."""
    flat = encoded(Image.new("RGB", (1024, 1024), "red"), "JPEG")
    root = folder(tmp_path / "set", {f"{k:02d}.jpg": flat for k in range(67)})
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, str(root)], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    held, grown = map(int, ran.stdout.split())
    assert held > 200 * 1024
    assert grown < 100 * 1024
