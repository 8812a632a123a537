"""Small pictures of large ones: the benchmark's way to the bit, and the wild way by its parts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

from ganvas.data import degradation
from ganvas.data.degradation import (
    FIRST,
    KERNEL,
    SECOND,
    Bicubic,
    Chance,
    Degradation,
    RealWorld,
    Stage,
    gaussian_kernel,
    sinc_kernel,
)
from ganvas.errors import GanvasError
from ganvas.resizing import matlab_bicubic


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def pictures(count: int = 3, side: int = 32, channels: int = 3) -> Tensor:
    """Smooth ramps with an edge, in [−1, 1]."""
    ramp = torch.linspace(-1, 1, side).expand(count, channels, side, side).clone()
    ramp[:, :, side // 2 :] *= -0.5
    return ramp


def levels(images: Tensor) -> Tensor:
    return (images + 1) * 127.5


def test_bicubic_is_matlab_and_a_file() -> None:
    """MATLAB's filter, then rounded to 8 bits and kept within them: what the published numbers begin from."""
    large = torch.rand(2, 3, 24, 16, generator=seeded()) * 2 - 1
    small = Bicubic(scale=4)(large, seeded())
    expected = matlab_bicubic(levels(large), (6, 4)).round().clamp(0, 255)
    assert small.shape == (2, 3, 6, 4) and torch.allclose(levels(small), expected, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_real_world_gives_files_of_the_right_size(channels: int, scale: int) -> None:
    small = RealWorld(scale=scale)(pictures(2, 32, channels), seeded())
    assert small.shape == (2, channels, 32 // scale, 32 // scale) and small.abs().max() <= 1
    assert (levels(small) - levels(small).round()).abs().max() < 1e-4


def test_chance_is_all_in_the_generator() -> None:
    """The same seed gives the same damage, another one another, and a picture's depends on those before it only."""
    large, wild = pictures(), RealWorld(scale=2)
    first = wild(large, seeded(1))
    torch.manual_seed(7)
    assert torch.equal(wild(large, seeded(1)), first) and not torch.equal(wild(large, seeded(2)), first)
    assert torch.equal(wild(large[:2], seeded(1)), first[:2])
    assert not torch.equal(first[0], first[1])  # each has its own


def test_real_world_damages_more_and_still_shows_the_picture() -> None:
    """Over 40 draws: farther from the large picture than bicubic, yet clearly the same one."""
    large = pictures(40)
    clean = Bicubic(scale=4)(large, seeded())
    wild = RealWorld(scale=4)(large, seeded())
    error = (levels(wild) - levels(clean)).abs().mean()
    together = torch.corrcoef(torch.stack([wild.mean(0).flatten(), clean.mean(0).flatten()]))[0, 1]
    assert error > 5 and together > 0.9


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """The steps that were taken and what with. Each adds a power of ten, so that a black picture's digits say how
    often it has been through noise, scaling, JPEG, a Gaussian and a sinc."""
    taken: list[tuple[str, object]] = []

    def plant(name: str, power: int) -> None:
        def step(image: Tensor, *given: object) -> Tensor:
            taken.append((name, given[0]))
            return image + 10**power

        monkeypatch.setattr(degradation, name, step)

    def kernel(power: int) -> Callable[..., int]:
        def made(*given: object) -> int:
            taken.append(("kernel", given))
            return 10**power

        return made

    for power, name in ((4, "_noisy"), (3, "_scaled"), (2, "_jpeg")):
        plant(name, power)
    monkeypatch.setattr(degradation, "_blurred", lambda image, kernel: image + kernel)
    monkeypatch.setattr(degradation, "gaussian_kernel", kernel(1))
    monkeypatch.setattr(degradation, "sinc_kernel", kernel(0))
    return taken


def assert_shares(counted: Counter[str], of: int, **shares: float) -> None:
    """Each within four standard deviations of its share of so many draws."""
    for what, share in shares.items():
        assert abs(counted[what] - share * of) < 4 * math.sqrt(of * share * (1 - share)), (what, counted[what] / of)


def test_every_step_is_taken_at_its_share(steps: list[tuple[str, object]]) -> None:
    """Always twice noise, three scalings and twice JPEG, of which either is the last in half of the cases. Gaussians in
    the first round 0.9 and in the second 0.8 · 0.9 = 0.72 of the time: none 0.1 · 0.28 = 0.028, two 0.648. Sincs 0.1,
    0.8 · 0.1 and at the end 0.8: none 0.9 · 0.92 · 0.2 = 0.1656, three 0.0064. The first round enlarges 0.2, keeps 0.1
    and shrinks 0.7; the second 0.3, 0.3 and 0.4; and the end is as large as asked for."""
    draws, width, chance = 2000, 4096, seeded()  # so wide that no factor but 1 rounds to the width itself
    seen = Counter[str]()
    for _ in range(draws):
        steps.clear()
        digits = RealWorld(scale=1).shrunk(torch.zeros(1, 1, 4, width), (4, width), chance)[0, 0, 0, 0].item()
        rest, sincs = divmod(round(digits), 10)
        always, gaussians = divmod(rest, 10)
        assert always == 232
        sizes = [size[1] for name, size in steps if name == "_scaled"]  # type: ignore[index]
        first, second, asked = ["enlarged" if s > width else "shrunk" if s < width else "kept" for s in sizes]
        stored = [name for name, _ in steps if name in ("_scaled", "_jpeg")][-1]
        seen.update([f"sincs{sincs}", f"gaussians{gaussians}", f"first_{first}", f"second_{second}", stored])
        assert asked == "kept"
    assert_shares(seen, draws, gaussians0=0.028, gaussians2=0.648, sincs0=0.1656, sincs3=0.0064, _jpeg=0.5)
    assert_shares(seen, draws, first_enlarged=0.2, first_kept=0.1, second_enlarged=0.3, second_kept=0.3)


def test_every_kernel_is_drawn_at_its_share(steps: list[tuple[str, object]]) -> None:
    """A tenth are sincs. Of the Gaussians 0.7 are plain, 0.15 of another power and 0.15 plateaus, and 0.7 round."""
    draws, chance, seen = 2000, Chance(seeded()), Counter[str]()
    for _ in range(draws):
        degradation._any_kernel(FIRST.sigma, chance)
    gaussians = [given for name, given in steps if name == "kernel" and len(given) > 1]  # type: ignore[arg-type]
    assert_shares(Counter(gaussian=len(gaussians)), draws, gaussian=0.9)
    for along, across, _, power, plateau in gaussians:  # type: ignore[misc]
        seen.update(["plateau" if plateau else "plain" if power == 1 else "general", "round" * (along == across)])
        assert 0.2 <= along < 3 and 0.5 <= power < (2 if plateau else 4)
    assert_shares(seen, len(gaussians), plain=0.7, general=0.15, plateau=0.15, round=0.7)


@pytest.mark.parametrize(("stage", "gaussian", "photons"), [(FIRST, 931 / 3, 3.0508), (SECOND, 217.0, 2.1258)])
def test_the_noise_has_its_variance(stage: Stage, gaussian: float, photons: float) -> None:
    """Even draws from [a, b) have the mean square (a² + a·b + b²) / 3. Gaussian noise from [1, 30): 931 / 3, from
    [1, 25): 217. Photons' variance is their level, 100, times that of [0.05, 3): 305.08, of [0.05, 2.5): 212.58.
    Either falls in half of the cases, and counting shows which: photons are whole numbers, so their values repeat. 0.4
    of both are grey. Within four standard errors of the mean, all from the draws themselves."""
    chance, level = Chance(seeded()), torch.full((1, 3, 24, 24), 100.0)
    variances: dict[bool, list[float]] = {True: [], False: []}
    seen = Counter[str]()
    for _ in range(1000):
        noise = degradation._noisy(level, stage, chance)[0] - 100
        counts = len(noise[0].unique()) < 200  # of 576; photons of 100 have some 60 values
        variances[counts].append(noise.square().mean().item())
        seen.update(["grey" * bool((noise[0] == noise[1]).all()), "photons" * counts])
    assert_shares(seen, 1000, grey=0.4, photons=0.5)
    for counts, expected in ((False, gaussian), (True, 100 * photons)):
        found = torch.tensor(variances[counts])
        assert abs(found.mean() - expected) < 4 * found.std() / math.sqrt(len(found)), (counts, found.mean())


def test_both_rounds_of_noise_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the other steps variances add: half of 931 / 3 + 305.08 and half of 217 + 212.58, 522.5 in all; one round
    alone would leave 307.7 or 214.8."""
    for name in ("_scaled", "_blurred", "_jpeg"):
        monkeypatch.setattr(degradation, name, lambda image, *given: image)
    noise = RealWorld(scale=1).shrunk(torch.full((1000, 1, 24, 24), 100.0), (24, 24), seeded()) - 100
    found = noise.square().mean((1, 2, 3))
    assert abs(found.mean() - 522.5) < 4 * found.std() / math.sqrt(1000) < 60


def test_the_kernels() -> None:
    """All sum to 1. Variances of a Gaussian are σ² along its axes: 4 and 1, turned by 90° the other way round."""
    place = torch.arange(KERNEL, dtype=torch.float32) - KERNEL // 2
    plain, turned = gaussian_kernel(2, 1, 0), gaussian_kernel(2, 1, math.pi / 2)
    across = (plain.sum(0) * place**2).sum().item(), (plain.sum(1) * place**2).sum().item()
    assert across == (pytest.approx(4, rel=1e-2), pytest.approx(1, rel=1e-2))
    assert torch.allclose(turned, plain.T, atol=1e-6)
    flat = gaussian_kernel(2, 2, 0, 2, plateau=True)
    middle = KERNEL // 2
    assert flat[middle, middle + 1] / flat[middle, middle] == pytest.approx(1 / (1 + 0.25**2), rel=1e-4)
    rings = sinc_kernel(math.pi / 2)
    assert rings.min() < 0 and (plain.min() >= 0)
    for kernel in (plain, turned, flat, rings):
        assert kernel.sum().item() == pytest.approx(1, abs=1e-5)


def test_a_low_pass_passes_what_is_low() -> None:
    """A sinc of cutoff π/2 keeps a wave of period 16 and takes away one of period 2.5."""
    kernel = sinc_kernel(math.pi / 2).sum(0)
    place = torch.arange(KERNEL) - KERNEL // 2

    def gain(period: float) -> float:
        return (kernel * torch.cos(2 * math.pi * place / period)).sum().abs().item()

    assert gain(16) > 0.9 and gain(2.5) < 0.15


def test_by_kind_and_by_mistake() -> None:
    assert Degradation.model_validate("real-world") == RealWorld() and Bicubic().scale == 4
    with pytest.raises(GanvasError, match="30x32 cannot be made 4 times smaller"):
        Bicubic()(torch.zeros(1, 3, 30, 32), seeded())
