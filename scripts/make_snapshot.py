"""Makes src/ganvas/data/digits.safetensors, the trained snapshot that the package carries.

    python scripts/make_snapshot.py [RUN]

Takes the snapshot of a run of ``ganvas demo`` (runs/demo unless another is named) and keeps its weights in half
precision, which halves the file and changes no grey level by more than one or two.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from ganvas.snapshot import open_snapshot

TARGET = Path(__file__).parent.parent / "src" / "ganvas" / "data" / "digits.safetensors"
MOST_BYTES = 1_000_000


def main() -> None:
    snapshot = open_snapshot(sys.argv[1] if len(sys.argv) > 1 else "runs/demo")
    before = snapshot.sample(range(100)).int()
    for network in snapshot.networks.values():
        network.half()
    snapshot.save(TARGET)
    change = (open_snapshot(TARGET).sample(range(100)).int() - before).abs()
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes; grey levels change by at most {int(change.max())}")
    if TARGET.stat().st_size >= MOST_BYTES:
        sys.exit(f"that is more than {MOST_BYTES:,} bytes")
    assert torch.equal(snapshot.latents([0]), open_snapshot(TARGET).latents([0]))


if __name__ == "__main__":
    main()
