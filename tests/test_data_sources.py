"""Places that pictures come from: the same pictures and labels, whichever way they are kept."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganvas.data import DataSpec, open_data
from ganvas.data.catalogue import locate
from ganvas.data.dataset import Dataset
from ganvas.errors import GanvasError
from ganvas.space import Classes

rng = np.random.default_rng(0)
COLOURS = rng.integers(0, 256, (6, 4, 5, 3), np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANVAS_DATA", raising=False)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def folder(root: Path, files: Mapping[str, bytes | str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def zipped(path: Path, files: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def opened(path: Path | str, **spec: object) -> Dataset:
    return open_data(DataSpec.model_validate({"source": str(path), **spec}))


def names(data: Dataset) -> tuple[str, ...]:
    assert isinstance(data.space.condition, Classes)
    return data.space.condition.names


def labelled(data: Dataset) -> list[str]:
    assert data.labels is not None
    return [names(data)[k] for k in data.labels]


SIX = {f"{name}.png": png(COLOURS[k]) for k, name in enumerate("abcdef")}
CLASSES = {f"{'cat' if k < 2 else 'dog'}/{name}": raw for k, (name, raw) in enumerate(SIX.items())}


def test_a_plain_folder(tmp_path: Path) -> None:
    """Sorted by name, hidden files and other files passed over, nested pictures found."""
    others: dict[str, bytes | str] = {".hidden.png": b"x", "notes.txt": "x", ".git/z.png": b"x", "__MACOSX/a.png": b"x"}
    data = opened(folder(tmp_path / "set", others | SIX))
    assert data.name == "set"
    assert data.labels is None and data.space.condition is None
    assert data.space.shape == (3, 4, 5)
    np.testing.assert_array_equal(data.images, COLOURS.transpose(0, 3, 1, 2))
    assert data.images.dtype == np.uint8 and not data.images.flags.writeable
    assert data.summary["notes"] == ["files that are no pictures were passed over: 1 .txt"]
    assert data.summary["resize"].startswith("none")


def test_folder_and_zip_hold_the_same(tmp_path: Path) -> None:
    """One content, one fingerprint, wherever it lies."""
    plain = opened(folder(tmp_path / "set", CLASSES))
    packed = opened(zipped(tmp_path / "other.zip", CLASSES | {"__MACOSX/cat/._a.png": b"x"}))
    assert labelled(plain) == labelled(packed) == ["cat"] * 2 + ["dog"] * 4
    assert plain.fingerprint == packed.fingerprint
    assert len(plain.fingerprint) == 64
    assert plain.summary["classes"] == {"cat": 2, "dog": 4}
    assert (plain.summary["labels"], packed.summary["kind"]) == ("folders", "zip")


def test_a_link_to_a_folder_is_followed_once(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"a.png": SIX["a.png"]})
    away = folder(tmp_path / "away", {"b.png": SIX["b.png"]})
    (root / "linked").symlink_to(away)
    (away / "loop").symlink_to(root)
    assert len(opened(root)) == 2


def test_classes_begin_where_the_paths_part(tmp_path: Path) -> None:
    """One folder too deep is found, one class is no choice, pictures outside make folders mere folders."""
    deep = opened(folder(tmp_path / "deep", {f"x/train/{name}": raw for name, raw in CLASSES.items()}))
    assert names(deep) == ("cat", "dog")
    assert "one level deeper, in 'x/train'" in deep.summary["notes"][0]
    one = opened(folder(tmp_path / "one", {f"cats/{name}": raw for name, raw in SIX.items()}))
    assert one.labels is None
    assert "all pictures lie in 'cats'" in one.summary["notes"][0]
    mixed = opened(folder(tmp_path / "mixed", CLASSES | {"stray.png": SIX["a.png"]}))
    assert mixed.labels is None
    assert "1 pictures lie beside the folders cat, dog" in mixed.summary["notes"][0]
    split = opened(folder(tmp_path / "split", {"train/a.png": SIX["a.png"], "val/b.png": SIX["b.png"]}))
    assert "give one of them" in split.summary["notes"][0]
    nested = opened(folder(tmp_path / "nested", {"cat/old/a.png": SIX["a.png"], "dog/b.png": SIX["b.png"]}))
    assert labelled(nested) == ["cat", "dog"]


def test_numbered_class_folders_keep_their_order(tmp_path: Path) -> None:
    """By name '10' would come before '2'."""
    files = {f"{k}/a.png": SIX["a.png"] for k in (0, 2, 10)}
    assert names(opened(folder(tmp_path / "set", files))) == ("0", "2", "10")


def test_dataset_json_wins_over_folders(tmp_path: Path) -> None:
    pairs = [[name, k % 3] for k, name in enumerate(sorted(CLASSES))]
    plain = opened(zipped(tmp_path / "a.zip", CLASSES | {"dataset.json": json.dumps({"labels": pairs})}))
    assert names(plain) == ("0", "1", "2")
    assert plain.labels is not None and plain.labels.tolist() == [0, 1, 2, 0, 1, 2]
    content = json.dumps({"labels": pairs, "classes": ["x", "y", "z"]})
    named = opened(zipped(tmp_path / "b.zip", CLASSES | {"dataset.json": content}))
    assert names(named) == ("x", "y", "z")
    assert labelled(opened(tmp_path / "b.zip", labels="folders"))[0] == "cat"
    assert opened(tmp_path / "b.zip", labels="none").labels is None
    inside = {f"inner/{name}": raw for name, raw in (CLASSES | {"dataset.json": content}).items()}
    assert opened(folder(tmp_path / "c", inside)).fingerprint == named.fingerprint
    nothing = opened(zipped(tmp_path / "d.zip", SIX | {"dataset.json": json.dumps({"labels": None})}))
    assert nothing.labels is None


def test_vectors_in_dataset_json_are_attributes(tmp_path: Path) -> None:
    pairs = [[name, [k, 0.5]] for k, name in enumerate(SIX)]
    data = opened(zipped(tmp_path / "a.zip", SIX | {"dataset.json": json.dumps({"labels": pairs})}))
    assert data.labels is None
    assert data.attributes["label_0"].tolist() == [0, 1, 2, 3, 4, 5]
    assert data.attributes["label_1"].tolist() == [0.5] * 6
    assert names(opened(tmp_path / "a.zip", labels="label_0")) == tuple("012345")
    with pytest.raises(GanvasError, match=r"0\.5 is a measure and no class"):
        opened(tmp_path / "a.zip", labels="label_1")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("{", "is broken"),
        ("[1]", "is broken"),
        ('{"labels": [["a.png"]]}', "is broken"),
        ('{"labels": [["a.png", {}]]}', "not of the form"),
        ('{"labels": [["nowhere.png", 1]]}', "names none of the 6 pictures"),
        ('{"labels": [["a.png", 1], ["b.png", 2]]}', r"4 of 6 pictures have no label .* \(first: c.png\)"),
        ('{"labels": [["a.png", 7]], "classes": ["x"]}', "7 is none of the 1 classes"),
        ('{"labels": [["a.png", [1, 2]], ["b.png", [1]]]}', "several lengths"),
    ],
)
def test_broken_labels_are_one_line_that_names_the_way_out(tmp_path: Path, content: str, line: str) -> None:
    path = zipped(tmp_path / "a.zip", SIX | {"dataset.json": content})
    with pytest.raises(GanvasError, match=line) as raised:
        opened(path)
    assert "\n" not in str(raised.value) and "a.zip" in str(raised.value)
    assert opened(path, labels="none").labels is None


def test_csv_columns_are_attributes(tmp_path: Path) -> None:
    """Found by name with or without folder and suffix; gaps are NaN and ''; a missing file is named and no error."""
    table = "\ufeffage;filename;mood\n31;a.png;happy\n7;b;sad\n;sub/c.png;\n1;gone.png;odd\n"
    files = {"a.png": SIX["a.png"], "b.png": SIX["b.png"], "sub/c.png": SIX["c.png"]}
    data = opened(folder(tmp_path / "set", files | {"people.csv": table}))
    assert list(data.attributes) == ["age", "mood"]
    np.testing.assert_array_equal(data.attributes["age"], [31, 7, np.nan])
    assert data.attributes["mood"].tolist() == ["happy", "sad", ""]
    assert data.labels is None
    assert "people.csv names 1 pictures that are not there: gone.png" in data.summary["notes"]
    with pytest.raises(GanvasError, match="1 of 3 pictures have no label by mood"):
        opened(tmp_path / "set", labels="mood")
    with pytest.raises(GanvasError, match="no labels called 'smile'; known: age, mood, none"):
        opened(tmp_path / "set", labels="smile")


def test_a_csv_column_called_label_gives_classes(tmp_path: Path) -> None:
    rows = "".join(f"{name},{label},{k}\n" for k, (name, label) in enumerate(zip(SIX, "yxyxyx", strict=True)))
    data = opened(zipped(tmp_path / "a.zip", SIX | {"labels.csv": f"file,label,weight\n{rows}", "other.csv": "q"}))
    assert labelled(data) == list("yxyxyx")
    assert data.attributes["weight"].dtype == np.int64
    by_weight = opened(tmp_path / "a.zip", labels="weight")
    assert by_weight.space.condition == Classes(names=tuple("012345"))


def test_a_csv_that_is_none_or_is_about_others(tmp_path: Path) -> None:
    strange = opened(folder(tmp_path / "a", SIX | {"x.csv": "file,label\nother.png,1\n"}))
    assert strange.labels is None and "names none of the pictures" in strange.summary["notes"][0]
    empty = opened(folder(tmp_path / "b", SIX | {"x.csv": ""}))
    assert empty.attributes == {}
    with pytest.raises(GanvasError, match=r"x\.csv is no readable CSV"):
        opened(folder(tmp_path / "c", SIX | {"x.csv": b"\xff\xfe\x00"}))


GREY = rng.integers(0, 256, (6, 9, 8), np.uint8)


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (GREY, GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (np.stack([GREY] * 3, -1), np.stack([GREY] * 3, 1)),
        (GREY.astype(np.uint16) * 257, GREY[:, None]),
        (GREY / 255, GREY[:, None]),
        ((GREY / 255).astype(np.float32), GREY[:, None]),
        (GREY > 99, (GREY > 99)[:, None] * 255),
        (np.asfortranarray(GREY), GREY[:, None]),
    ],
)
def test_npz_layouts_and_types(tmp_path: Path, images: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(opened(npz(tmp_path / "a.npz", images=images)).images, expected)


def test_npz_with_many_channels_needs_a_layout(tmp_path: Path) -> None:
    many = rng.integers(0, 256, (3, 7, 9, 8), np.uint8)
    with pytest.raises(GanvasError, match="add an array `layout`"):
        opened(npz(tmp_path / "a.npz", images=many))
    first = opened(npz(tmp_path / "b.npz", images=many, layout=np.array("NCHW")))
    last = opened(npz(tmp_path / "c.npz", images=many, layout=np.array("NHWC")))
    assert first.space.shape == (7, 9, 8) and last.space.shape == (8, 7, 9)
    np.testing.assert_array_equal(first.images, many)
    assert opened(tmp_path / "b.npz", size=4).space.shape == (7, 4, 4)
    with pytest.raises(GanvasError, match="7 channels, which cannot become 3"):
        opened(tmp_path / "b.npz", channels=3)


def test_npz_labels_and_attributes(tmp_path: Path) -> None:
    labels = np.array([1, 0, 1, 0, 1, 0])
    extras = {"age": np.arange(6) / 2, "who": np.array(list("abcdef")), "pose": np.ones((6, 2)), "other": np.ones(3)}
    data = opened(npz(tmp_path / "a.npz", images=GREY, labels=labels, classes=np.array(["no", "yes"]), **extras))
    assert labelled(data) == ["yes", "no"] * 3
    assert list(data.attributes) == ["age", "who", "pose_0", "pose_1"]
    assert data.attributes["who"].tolist() == list("abcdef")
    again = opened(tmp_path / "a.npz")  # from the cache
    assert again.attributes["who"].tolist() == list("abcdef") and again.space == data.space


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"weights": np.ones(4)}, "name the array of pictures `images`"),
        ({"a": GREY, "b": GREY}, "name the array of pictures `images`"),
        ({"images": np.array([{"a": 1}], object)}, "pickled objects"),
        ({"images": GREY, "labels": np.array([object()] * 6)}, "pickled objects"),
        ({"images": GREY / 127.5 - 1}, r"floats must lie in \[0, 1\]"),
        ({"images": GREY * np.nan}, r"floats must lie in \[0, 1\]"),
        ({"images": GREY.astype(np.int64)}, "is int64"),
        ({"images": GREY[:0]}, "holds no picture"),
        ({"images": GREY[0, 0]}, "has shape"),
        ({"images": GREY, "labels": np.arange(5)}, "they must match"),
        ({"images": GREY, "layout": np.array("HWC")}, "must be one of NHWC, NCHW"),
    ],
)
def test_npz_that_cannot_be_used(tmp_path: Path, arrays: dict[str, np.ndarray], line: str) -> None:
    path = npz(tmp_path / "a.npz", **arrays)
    with pytest.raises(GanvasError, match=line) as raised:
        opened(path)
    assert "a.npz" in str(raised.value)


@pytest.mark.parametrize("suffix", [".npz", ".zip", ".gz"])
def test_files_that_are_not_what_they_are_called(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    for content in (b"", b"PK\x03\x04 but no more", b"\x1f\x8b but no more"):
        path.write_bytes(content)
        with pytest.raises(GanvasError, match=f"a{suffix} is no"):
            opened(path)
    whole = npz(tmp_path / "whole.npz", images=GREY).read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GanvasError, match=r"a\.npz is no readable"):
        opened(tmp_path / "a.npz")


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_idx_files(tmp_path: Path, pack: object) -> None:
    """A folder, or the images file itself; the training part first; labels beside it; packed or not."""
    assert callable(pack)
    end = ".gz" if pack is gzip.compress else ""
    labels = np.array([3, 1, 3, 1, 3, 1], np.uint8)
    files = {
        f"train-images-idx3-ubyte{end}": pack(idx(GREY)),
        f"train-labels-idx1-ubyte{end}": pack(idx(labels)),
        f"t10k-images-idx3-ubyte{end}": pack(idx(GREY[:2])),
    }
    root = folder(tmp_path / "set", files)
    data = opened(root)
    np.testing.assert_array_equal(data.images, GREY[:, None])
    assert data.name == "set" and labelled(data) == ["3", "1"] * 3
    assert len(opened(root / f"t10k-images-idx3-ubyte{end}")) == 2
    (root / f"train-labels-idx1-ubyte{end}").write_bytes(pack(idx(labels[:3])))
    with pytest.raises(GanvasError, match=r"holds labels of shape \(3,\) for 6 images"):
        opened(root)
    (root / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx(GREY)[:-9]))
    with pytest.raises(GanvasError, match="fetch it anew"):
        opened(root)


def cifar(root: Path, per_batch: int = 2) -> tuple[dict[str, bytes], np.ndarray]:
    images = rng.integers(0, 256, (6, per_batch, 3, 32, 32), np.uint8)
    batches = [f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]
    files = {
        f"cifar-10-batches-bin/{name}": b"".join(bytes([k]) + image.tobytes() for image in part)
        for k, (name, part) in enumerate(zip(batches, images, strict=True))
    }
    return files, images


def test_cifar_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the folder, as the archive, and by name from ./data; five batches are for training, the sixth is the test."""
    files, images = cifar(tmp_path)
    plain = opened(folder(tmp_path / "set", files) / "cifar-10-batches-bin")
    np.testing.assert_array_equal(plain.images, images[:5].reshape(10, 3, 32, 32))
    assert labelled(plain)[::2] == ["airplane", "automobile", "bird", "cat", "deer"]
    (tmp_path / "data").mkdir()
    with tarfile.open(tmp_path / "data" / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "set" / "cifar-10-batches-bin", "cifar-10-batches-bin")
    monkeypatch.chdir(tmp_path)
    assert opened("data/cifar-10-binary.tar.gz").fingerprint == plain.fingerprint == opened("cifar10").fingerprint
    np.testing.assert_array_equal(opened("cifar10-test").images, images[5])
    whole = (tmp_path / "data" / "cifar-10-binary.tar.gz").read_bytes()
    (tmp_path / "data" / "cifar-10-binary.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GanvasError, match="no whole CIFAR-10 binary set"):
        opened("cifar10")


def test_an_unknown_name_lists_near_ones() -> None:
    with pytest.raises(GanvasError, match="no file, folder or data set 'mnits'; did you mean 'mnist'"):
        locate("mnits")


def test_a_place_stamp_follows_its_files(tmp_path: Path) -> None:
    """A changed, added or renamed file changes the stamp, so the cache is not taken; looking again does not."""
    root = folder(tmp_path / "set", SIX)
    stamps = [locate(str(root)).stamp, locate(str(root)).stamp]
    assert stamps[0] == stamps[1]
    (root / "a.png").write_bytes(SIX["b.png"])
    stamps.append(locate(str(root)).stamp)
    (root / "g.png").write_bytes(SIX["b.png"])
    stamps.append(locate(str(root)).stamp)
    (root / "labels.csv").write_text("file,label\n")
    stamps.append(locate(str(root)).stamp)
    assert len({json.dumps(stamp) for stamp in stamps}) == 4
