"""Perceptual path length: how fast the pictures change on the way from latent to latent (Karras et al. 2019, 4.1).

``E[d(G(γ(t)), G(γ(t + ε))) / ε²]`` over pairs of latents, γ the path between them. It is no number without its feature
space, its path and its ε: compare only equal protocols. Nothing is rounded to 8 bits on the way: a step of ε = 1e-4
changes a picture by far less than a grey level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.latent.paths import PATHS

Generate = Callable[[Tensor, Tensor | None], Tensor]
"""(latents (n, D), conditions (n,) or None) → float pictures (n, …), rows independent of each other."""
Distance = Callable[[Tensor, Tensor], Tensor]
"""Two batches of pictures → their squared distances (n,); LPIPS is of this kind."""

EPSILON = 1e-4
WHERE = ("full", "end")
RESAMPLES = 1000


@dataclass(frozen=True)
class PathLength:
    """What `path_length` finds."""

    value: float
    """Mean of the kept lengths, in squared units of the features per squared unit of t."""
    interval: tuple[float, float]
    """95 %, by a bootstrap over the pairs that cuts the tails anew each time."""
    lengths: Tensor
    """float64 (N,): d/ε² of every pair, tails included."""
    kept: int
    """Pairs between the two percentiles, both included."""
    protocol: str
    """Pairs, path, t, ε, percentiles and number format, in words."""


def path_length(
    generate: Generate,
    distance: Distance,
    starts: Tensor,
    stops: Tensor,
    *,
    generator: torch.Generator,
    path: str,
    where: str = "full",
    epsilon: float = EPSILON,
    condition: Tensor | None = None,
    chunk: int = 128,
) -> PathLength:
    """Length of the path from each of ``starts`` to its stop, cut to the 1st to 99th percentile, and averaged.

    In a mapped space W hand over mapped latents and ``lerp``; in Z ``slerp`` for a normal prior, ``lerp`` for a uniform
    one. A generator that draws noise gets the same for both ends of a step: its global random state is set alike.

    Args:
        generate: pictures as floats, of whatever precision the latents have; float64 latents need a float64 network.
        distance: squared distances, for instance `squared_euclidean` of features.
        starts, stops: (N, D) latents, N ≥ 2.
        generator: a CPU generator, for t, the shared noise and the bootstrap.
        path: of `ganvas.latent.paths`.
        where: ``full`` for t ~ U(0, 1), ``end`` for t = 0.
        epsilon: the step; where t + ε is past 1 the path goes on.
        condition: (N,) or None; the same at both ends of a step.
        chunk: pairs at a time.

    Raises:
        GanvasError: unknown path or place, unequal or too few latents, or lengths that are not finite.
    """
    _check(starts, stops, path, where, epsilon)
    t = torch.rand(len(starts), generator=generator, dtype=torch.float64)
    t = (t if where == "full" else torch.zeros_like(t)).to(starts)
    near, far = between(starts, stops, t, path), between(starts, stops, t + epsilon, path)
    noise = int(torch.randint(2**62, (), generator=generator))
    lengths = _in_chunks(generate, distance, near, far, condition, chunk, noise) / epsilon**2
    if not lengths.isfinite().all():
        raise GanvasError("path lengths are NaN or infinite; look at the generator's pictures or at the features")
    low, high = _tails(lengths)
    return PathLength(
        value=_kept_mean(lengths),
        interval=_interval(lengths, generator),
        lengths=lengths,
        kept=int(((lengths >= low) & (lengths <= high)).sum()),
        protocol=f"{len(starts):,} pairs, {path}, t {'~ U(0, 1)' if where == 'full' else '= 0'}, ε = {epsilon:g}, "
        f"1st to 99th percentile, {str(starts.dtype).removeprefix('torch.')}",
    )


@torch.no_grad()
def direct_lengths(
    generate: Generate, distance: Distance, starts: Tensor, stops: Tensor, condition: Tensor | None = None
) -> Tensor:
    """float64 (N,): squared distance from each start to its stop, as the crow flies.

    For Euclidean features no path from one to the other has a smaller mean squared speed (Jensen), so the mean length
    of `path_length` over the mean of these is at least 1: 1 is straight and even motion, in whatever unit.
    """
    return _in_chunks(generate, distance, starts, stops, condition, 128, noise=0)


def squared_euclidean(features: Callable[[Tensor], Tensor]) -> Distance:
    """Distance by a feature function (n, …) → (n, d): Σ (f(x) − f(y))², (n,)."""

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return (features(x) - features(y)).double().square().flatten(1).sum(dim=1)

    return distance


def between(starts: Tensor, stops: Tensor, t: Tensor, path: str) -> Tensor:
    """(N, D), (N, D), (N,) → (N, D): the point at t of each row's own path, any t; rowwise `ganvas.latent.paths`."""
    weight = t[:, None]
    straight = torch.lerp(starts, stops, weight)
    if path == "lerp":
        return straight
    la, lb = starts.norm(dim=1, keepdim=True), stops.norm(dim=1, keepdim=True)
    omega = torch.arccos(((starts / la) * (stops / lb)).sum(dim=1, keepdim=True).clamp(-1.0, 1.0))
    direction = torch.sin((1 - weight) * omega) * (starts / la) + torch.sin(weight * omega) * (stops / lb)
    arc = direction / torch.sin(omega) * (la + (lb - la) * weight)
    return torch.where(torch.sin(omega) > 1e-6, arc, straight)


def _check(starts: Tensor, stops: Tensor, path: str, where: str, epsilon: float) -> None:
    if path not in PATHS:
        raise GanvasError(f"no path is called '{path}'; known: {', '.join(PATHS)}")
    if where not in WHERE:
        raise GanvasError(f"a path length is taken 'full' or at the 'end', not '{where}'")
    if not epsilon > 0:
        raise GanvasError(f"epsilon {epsilon} is no step; the published one is 1e-4")
    if starts.ndim != 2 or starts.shape != stops.shape or len(starts) < 2:
        raise GanvasError(
            f"starts have shape {tuple(starts.shape)}, stops {tuple(stops.shape)}; both must be (pairs ≥ 2, dimensions)"
        )


@torch.no_grad()
def _in_chunks(
    generate: Generate,
    distance: Distance,
    near: Tensor,
    far: Tensor,
    condition: Tensor | None,
    chunk: int,
    noise: int,
) -> Tensor:
    found = []
    for start in range(0, len(near), chunk):
        rows = slice(start, start + chunk)
        asked = condition[rows] if condition is not None else None
        pictures = []
        for latents in (near[rows], far[rows]):
            with torch.random.fork_rng():
                torch.manual_seed(noise + start)
                pictures.append(generate(latents, asked))
        found.append(distance(*pictures).detach().double().cpu())
    return torch.cat(found)


def _tails(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """1st percentile rounded down to a value that occurs, 99th rounded up (numpy's ``lower`` and ``higher``).

    By sorting: ``torch.quantile`` refuses more than 2²⁴ values.
    """
    last = lengths.shape[-1] - 1
    ordered = lengths.sort(dim=-1).values
    return ordered[..., last // 100], ordered[..., -(-99 * last // 100)]


def _kept_mean(lengths: Tensor) -> float:
    low, high = _tails(lengths)
    return float(lengths[(lengths >= low) & (lengths <= high)].mean())


def _interval(lengths: Tensor, generator: torch.Generator) -> tuple[float, float]:
    count = len(lengths)
    means = [_kept_mean(lengths[torch.randint(count, (count,), generator=generator)]) for _ in range(RESAMPLES)]
    low, high = torch.tensor(means, dtype=torch.float64).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64))
    return float(low), float(high)
