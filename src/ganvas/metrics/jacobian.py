"""Condition number of a generator: does it stretch some directions of z far more than others (Odena et al. 2018)?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.path_length import Generate

MOST_ENTRIES = 2**25
"""Of one latent's Jacobian: 256 MB in float64."""
STEP = 1e-3
METHODS = ("jvp", "differences")


@dataclass(frozen=True)
class Conditioning:
    """Singular values of the Jacobian at N latents."""

    singular_values: Tensor
    """float64 (N, D), largest first."""
    protocol: str

    @property
    def numbers(self) -> Tensor:
        """float64 (N,): λ_max / λ_min of JᵀJ, which is (σ_max / σ_min)²; infinite where a direction does nothing."""
        return (self.singular_values[:, 0] / self.singular_values[:, -1]).square()

    @property
    def logs(self) -> Tensor:
        """float64 (N,): natural logarithms of the numbers; their mean is what the paper reports."""
        return self.numbers.log()


def conditioning(
    generate: Generate,
    latents: Tensor,
    condition: Tensor | None = None,
    *,
    method: str = "jvp",
    step: float = STEP,
) -> Conditioning:
    """The Jacobian ∂G/∂z, column by column, at each latent.

    Args:
        generate: latents (N, D), conditions → floats (N, …), rows independent of each other (no batch statistics).
        latents: (N, D).  condition: (N,) or None.
        method: ``jvp`` by forward-mode differentiation, or central ``differences`` (error ~ step², across a
            kink of the network ~ its jump, and rounding ~ 1e-7/step in float32) for networks without forward mode.
        step: of the differences.

    Raises:
        GanvasError: a Jacobian of more than `MOST_ENTRIES`, fewer outputs than latent dimensions, no forward mode.
    """
    if method not in METHODS:
        raise GanvasError(f"a Jacobian is taken by 'jvp' or 'differences', not '{method}'")
    if latents.ndim != 2 or not latents.numel():
        raise GanvasError(f"latents have shape {tuple(latents.shape)}; (at least one, dimensions) is needed")
    with torch.no_grad():
        outputs = generate(latents[:1], condition[:1] if condition is not None else None).numel()
    dimension = latents.shape[1]
    if outputs < dimension:
        raise GanvasError(f"{outputs} outputs of {dimension} latent numbers: the condition number is infinite by shape")
    if outputs * dimension > MOST_ENTRIES:
        raise GanvasError(f"a Jacobian of {outputs} × {dimension} is too large; at most {MOST_ENTRIES:,} entries")
    group = max(1, MOST_ENTRIES // (outputs * dimension))
    values = []
    for start in range(0, len(latents), group):
        rows = slice(start, start + group)
        jacobians = _jacobians(
            generate, latents[rows], condition[rows] if condition is not None else None, method, step
        )
        values.append(torch.linalg.svdvals(jacobians.double()))
    found = torch.cat(values).cpu()
    if not found.isfinite().all():
        raise GanvasError("the generator's Jacobian holds NaN or infinite values")
    how = "forward mode" if method == "jvp" else f"central differences, step {step:g}"
    return Conditioning(found, f"{len(latents)} latents, {how}, {str(latents.dtype).removeprefix('torch.')}")


@torch.no_grad()
def _jacobians(generate: Generate, z: Tensor, condition: Tensor | None, method: str, step: float) -> Tensor:
    """(n, outputs, D): a direction pushed through for all latents at once gives a column for all."""

    def pictures(z: Tensor) -> Tensor:
        return generate(z, condition)

    columns = []
    for direction in torch.eye(z.shape[1], dtype=z.dtype, device=z.device):
        if method == "jvp":
            columns.append(_pushed(pictures, z, direction.expand_as(z).contiguous()))
        else:
            columns.append((pictures(z + step * direction) - pictures(z - step * direction)) / (2 * step))
    return torch.stack([column.flatten(1) for column in columns], dim=2)


def _pushed(pictures: Callable[[Tensor], Tensor], z: Tensor, tangent: Tensor) -> Tensor:
    try:
        column: Tensor = torch.func.jvp(pictures, (z,), (tangent,))[1]
    except NotImplementedError as error:
        raise GanvasError("this generator has no forward-mode derivative; take method 'differences'") from error
    return column
