"""Where and how precisely to compute: device, precision and many processes, behind ``backward`` and ``step``."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Literal

import torch
import torch.distributed as dist
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.games.batch import Place
from ganvas.training.allocator import keep_freed_memory


@dataclass(frozen=True)
class Runtime:
    """One process's place among many and its precision; networks are written for one device and know of neither."""

    place: Place
    precision: Literal["float32", "bf16"] = "float32"

    @property
    def leads(self) -> bool:
        """Whether this process writes files and talks."""
        return self.place.rank == 0

    def precisely(self) -> contextlib.AbstractContextManager[None]:
        """The context that networks run in: bf16 keeps weights, logits and losses in float32."""
        if self.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.place.device.type, dtype=torch.bfloat16)

    def agreed(self, number: float) -> float:
        """The leader's number, in every process: measured times differ, and all must play the same rounds."""
        if self.place.world == 1:
            return number
        shared = torch.tensor(number, dtype=torch.float64, device=self.place.device)
        dist.broadcast(shared, src=0)
        return float(shared)

    def close(self) -> None:
        """Leave the other processes, once all have come to this point."""
        if self.place.world > 1:
            dist.barrier()
            dist.destroy_process_group()

    def backward(self, loss: Tensor) -> None:
        """Add ∂loss/∂weights to the gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    def step(self, optimizer: torch.optim.Optimizer) -> Tensor:
        """Average the gradients over all processes, take the optimizer's step; returns the gradient's norm (0-dim)."""
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if self.place.world > 1:
            _average(gradients, self.place.world)
        norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        optimizer.step()
        return norm


def _average(gradients: list[Tensor], world: int) -> None:
    """One flat all-reduce for a whole turn; DistributedDataParallel does not support ``autograd.grad``."""
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= world
    for gradient, mean in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def detect(device: str = "auto", precision: Literal["float32", "bf16"] = "float32") -> Runtime:
    """The runtime of this process: ``auto`` takes the GPU where there is one; under ``torchrun`` it joins the others.

    Raises:
        GanvasError: the device is not there.
    """
    keep_freed_memory()
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    place = Place(_device(device, int(os.environ.get("LOCAL_RANK", 0))), rank, world)
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if place.device.type == "cuda" else "gloo")
    return Runtime(place, precision)


def _device(name: str, local_rank: int) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{local_rank}"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise GanvasError(f"--device {name}: {str(error).splitlines()[0]}; use --device cpu") from error
    return torch.device(name)
