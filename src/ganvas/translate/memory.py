"""How much memory a network takes a pixel, how much there is, and how running out of it looks."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ALIVE = 3
"""So many times the largest layer's input and output together: skips, normalisation and a convolution's own needs. On a
CPU a ResNet, RRDB and SRResNet were measured to take 1.2 to 2 times as much."""
UNKNOWN = 4 * 2**30
"""Bytes taken to be free where the system does not say."""
_WORDS = ("out of memory", "not enough memory", "can't allocate", "alloc_cpu")


def out_of_memory(error: BaseException) -> bool:
    """Whether this is how torch, CUDA or Python say that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _WORDS)


def bytes_per_pixel(network: nn.Module, probe: Tensor) -> float:
    """About how many bytes the network needs at its widest for each pixel of the source (1, C, h, w)."""
    largest = 0

    def seen(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal largest
        tensors = [part for part in (*inputs, output) if isinstance(part, Tensor)]
        largest = max(largest, sum(part.numel() * part.element_size() for part in tensors))

    hooks = [leaf.register_forward_hook(seen) for leaf in network.modules() if not any(leaf.children())]
    try:
        network(probe)
    finally:
        for hook in hooks:
            hook.remove()
    return ALIVE * largest / (probe.shape[2] * probe.shape[3])


def available(device: torch.device) -> int:
    """Bytes that are free on the device, as far as it says."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return min(_free(), _allowed())


def _free() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return UNKNOWN


def _allowed(group: Path = Path("/sys/fs/cgroup")) -> int:
    """What a container may still take; files that were read count as taken there, but make room as soon as it is
    needed."""
    with suppress(OSError, ValueError):  # "max" is no number: no limit
        limit, taken = (int((group / f"memory.{what}").read_text(encoding="ascii")) for what in ("max", "current"))
        return max(0, limit - taken + _reclaimable(group))
    return 2**62


def _reclaimable(group: Path) -> int:
    with suppress(OSError, ValueError):
        for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
            if line.startswith("inactive_file "):
                return int(line.split()[1])
    return 0
