"""Any network that somebody exported: an ONNX file through onnxruntime."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor, Material, UnsuitableError
from ganvas.evaluate.resizing import bicubic, to_rgb
from ganvas.weights import checksum

AT_ONCE = 32
SIDE_WHERE_FREE = 224
"""Where the file leaves height and width open."""


@dataclass(frozen=True)
class OnnxExtractor:
    """Pictures in [−1, 1], resized to what the file takes, through the file: its first output, flattened, (N, d)."""

    name: str
    session: Any
    input: str
    channels: int
    size: tuple[int, int]
    at_once: int
    dimension: int
    checksum: str

    @property
    def resize(self) -> str:
        return f"antialiased bicubic to {self.size[0]}x{self.size[1]}"

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"onnx {self.resize} {self.channels} {self.checksum}".encode()).hexdigest()[:12]

    def __call__(self, images: Tensor) -> Tensor:
        return torch.cat([self._few(some) for some in torch.split(images.cpu(), self.at_once)])

    def _few(self, images: Tensor) -> Tensor:
        levels = images.float() if images.shape[1] == self.channels else to_rgb(images)
        inputs = (bicubic(levels, self.size) / 127.5 - 1).contiguous().numpy()
        features = np.asarray(self.session.run(None, {self.input: inputs})[0], np.float32)
        return torch.from_numpy(features.reshape(len(images), -1))


def onnx_file(path: str, material: Material) -> Extractor:
    """The network in that file, whose first input is float32 (N, C, H, W) in [−1, 1]; it runs on the CPU.

    Raises:
        GanvasError: no onnxruntime, no such file, or one that takes no pictures.
        UnsuitableError: the data's channels are not the file's and cannot be made so.
    """
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except Exception as error:  # a broken installation raises whatever it likes
        raise GanvasError(f"'onnx:{path}' needs onnxruntime: pip install 'ganvas[onnx]' ({error})") from error
    file = Path(path)
    if not file.is_file():
        raise GanvasError(f"'onnx:{path}': no such file; name an ONNX file as onnx:PATH")
    try:
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for every way a file can be wrong
        raise GanvasError(f"{path} is no network that onnxruntime can run ({error})".replace("\n", " ")) from error
    taken = session.get_inputs()[0]
    if len(taken.shape) != 4 or taken.type != "tensor(float)":
        raise GanvasError(f"{path} takes {taken.type} of shape {taken.shape}, not float32 pictures (N, C, H, W)")
    batch, channels, height, width = (side if isinstance(side, int) else None for side in taken.shape)
    channels = channels or 3
    if channels not in (material.space.channels, 3) or (channels == 3 and material.space.channels not in (1, 3, 4)):
        raise UnsuitableError(f"{path} looks at {channels} channels, these data have {material.space.channels}")
    size = (height or SIDE_WHERE_FREE, width or SIDE_WHERE_FREE)
    probe = session.run(None, {taken.name: np.zeros((batch or 1, channels, *size), np.float32)})[0]
    return OnnxExtractor(
        name=f"onnx:{file.name}",
        session=session,
        input=taken.name,
        channels=channels,
        size=size,
        at_once=batch or AT_ONCE,
        dimension=int(probe[0].size),
        checksum=checksum(file),
    )
