"""PSNR, SSIM, MS-SSIM against closed forms and torchmetrics; LPIPS against a plain re-computation.

The example pair in the LPIPS authors' repository (0.7219 and 0.1376 with AlexNet) is in no package, so it is not here.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ganvas.errors import GanvasError
from ganvas.metrics.fidelity import ms_ssim, psnr, ssim
from ganvas.metrics.lpips import LPIPS, SCALE, SHIFT, TRUNKS, load_lpips
from ganvas.nn.backbones.alexnet import AlexNetTaps
from ganvas.weights import locate_weights


def pair(side: int, channels: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Smooth grey levels, and the same with noise."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, channels, side // 4, side // 4, generator=draw)
    clear = functional.interpolate(coarse, (side, side), mode="bilinear") * 255
    return clear, (clear + 20 * torch.randn(clear.shape, generator=draw)).clamp(0, 255)


def test_psnr_is_the_logarithm_of_the_squared_error():
    """Off by 5 of 255 everywhere: 20 log₁₀(255 / 5) = 34.15 dB; twice as far off, 6.02 dB less; equal, ∞."""
    a = torch.zeros(2, 1, 4, 4)
    b = torch.stack([torch.full((1, 4, 4), 5.0), torch.full((1, 4, 4), 10.0)])
    near, far = psnr(b, a, data_range=255).tolist()
    assert near == pytest.approx(20 * math.log10(51), abs=1e-9)
    assert near - far == pytest.approx(20 * math.log10(2), abs=1e-9)
    assert psnr(a, a, data_range=255).tolist() == [math.inf, math.inf]
    assert psnr(b / 127.5 - 1, a / 127.5 - 1, data_range=2)[0].item() == pytest.approx(near, abs=1e-4)


def test_ssim_of_two_flat_pictures_is_its_luminance_term():
    """No variance: the second factor is C2/C2 = 1, the first (2·100·150 + C1)/(100² + 150² + C1), C1 = 2.55²."""
    a, b = torch.full((1, 1, 16, 16), 100.0), torch.full((1, 1, 16, 16), 150.0)
    c1 = 2.55**2
    assert ssim(a, b, 255).item() == pytest.approx((30_000 + c1) / (32_500 + c1), abs=1e-9)
    assert ssim(a, a, 255).item() == pytest.approx(1, abs=1e-12)


def test_ms_ssim_of_a_negative_is_zero_and_of_itself_one():
    """A mirrored contrast has negative structure at every scale: counted as 0, not as a complex number."""
    clear, noisy = pair(192)
    assert ms_ssim(clear, clear, 255).tolist() == pytest.approx([1, 1], abs=1e-9)
    assert ms_ssim(255 - clear, clear, 255).max() < 1e-6
    assert 0.3 < ms_ssim(noisy, clear, 255).max() < 0.99


@pytest.mark.parametrize("channels", [1, 3])
def test_all_three_agree_with_torchmetrics(channels: int):
    """Its window also lies over the edge; by default ours does not, which is another number."""
    torchmetrics = pytest.importorskip("torchmetrics.functional.image", exc_type=Exception)
    clear, noisy = pair(192, channels)
    theirs = torchmetrics.peak_signal_noise_ratio(noisy, clear, data_range=255.0, dim=(1, 2, 3), reduction="none")
    torch.testing.assert_close(psnr(noisy, clear, 255), theirs.double(), rtol=0, atol=1e-4)
    theirs = torchmetrics.structural_similarity_index_measure(noisy, clear, data_range=255.0, reduction="none")
    torch.testing.assert_close(ssim(noisy, clear, 255, border="reflect"), theirs.double(), rtol=0, atol=2e-5)
    assert 1e-4 < (ssim(noisy, clear, 255) - theirs).abs().max() < 0.01
    theirs = torchmetrics.multiscale_structural_similarity_index_measure(
        noisy, clear, data_range=255.0, reduction="none"
    )
    torch.testing.assert_close(ms_ssim(noisy, clear, 255, border="reflect"), theirs.double(), rtol=0, atol=2e-5)


def test_mistakes_are_one_line():
    a = torch.zeros(1, 1, 10, 10)
    with pytest.raises(GanvasError, match=r"of 10x10 are too small: this needs at least 11 px"):
        ssim(a, a, 255)
    with pytest.raises(GanvasError, match="at least 176 px"):
        ms_ssim(torch.zeros(1, 1, 160, 160), torch.zeros(1, 1, 160, 160), 255)
    with pytest.raises(GanvasError, match=r"cannot be compared with \(2, 1, 10, 10\)"):
        psnr(a, a.expand(2, -1, -1, -1), 255)
    with pytest.raises(GanvasError, match="data_range is 0"):
        psnr(a, a, 0)


def random_lpips() -> LPIPS:
    torch.manual_seed(0)
    return LPIPS(AlexNetTaps().eval(), [torch.rand(width) for width in AlexNetTaps.widths], 31)


def plain_lpips(network: LPIPS, a: Tensor, b: Tensor) -> Tensor:
    """Equation 1 word by word, in float64, with the network's numbers and none of its code."""
    weights = {name: value.double() for name, value in network.state_dict().items()}

    def seen(x: Tensor) -> list[Tensor]:
        x = (x.double() - torch.tensor(SHIFT).double()[:, None, None]) / torch.tensor(SCALE).double()[:, None, None]
        stages = []
        for index, stride, padding in ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1)):
            x = functional.max_pool2d(x, 3, 2) if index in (3, 6) else x
            kernel, bias = (weights[f"trunk.features.{index}.{part}"] for part in ("weight", "bias"))
            x = functional.relu(functional.conv2d(x, kernel, bias, stride, padding))
            stages.append(x / x.square().sum(dim=1, keepdim=True).sqrt().clamp(min=1e-20))
        return stages

    total = torch.zeros(len(a), dtype=torch.float64)
    for stage, (mine, theirs) in enumerate(zip(seen(a), seen(b), strict=True)):
        total += torch.einsum("nchw,c->nhw", (mine - theirs) ** 2, weights[f"heads.{stage}"]).mean(dim=(1, 2))
    return total


def test_lpips_is_equation_1():
    network = random_lpips()
    a, b = (levels / 127.5 - 1 for levels in pair(64))
    torch.testing.assert_close(network(a, b).double(), plain_lpips(network, a, b), rtol=1e-4, atol=1e-6)
    assert network(a, a).tolist() == [0, 0]
    torch.testing.assert_close(
        network(a[:, :1], b[:, :1]), network(a[:, :1].repeat(1, 3, 1, 1), b[:, :1].repeat(1, 3, 1, 1))
    )


def test_lpips_has_a_gradient_even_between_equal_and_dark_pictures():
    """√0 has no slope; taken naively it makes every weight of a generator NaN at once."""
    network = random_lpips()
    with torch.no_grad():
        network.trunk.features[0].bias.fill_(-1e3)  # nothing fires anywhere
    a = torch.zeros(1, 3, 64, 64, requires_grad=True)
    network(a, torch.zeros(1, 3, 64, 64)).sum().backward()
    assert a.grad is not None and a.grad.isfinite().all()


def test_lpips_refuses_what_it_cannot_look_at():
    network = random_lpips()
    with pytest.raises(GanvasError, match="of 28x28 are too small for LPIPS: enlarge to 31 px"):
        network(torch.zeros(1, 3, 28, 28), torch.zeros(1, 3, 28, 28))
    with pytest.raises(GanvasError, match="LPIPS compares two"):
        network(torch.zeros(1, 4, 64, 64), torch.zeros(1, 4, 64, 64))


@pytest.mark.parametrize("net", TRUNKS)
def test_published_lpips_orders_distortions_as_people_do(net: str):
    """A picture shifted by 1 px is worse by PSNR than one with slight noise; both are nearer by LPIPS than a strongly
    blurred one. Heads are nonnegative, as the authors trained them (section 3.2)."""
    try:
        locate_weights(TRUNKS[net].weights)
    except GanvasError as missing:
        pytest.skip(str(missing))
    network = load_lpips(net)
    assert all(head.min() >= 0 for head in network.heads)
    clear = pair(64)[0] / 127.5 - 1
    blurred = functional.avg_pool2d(clear, 17, stride=1, padding=8, count_include_pad=False)
    shifted = clear.roll(1, dims=3)
    assert (network(shifted, clear) < network(blurred, clear)).all()
    assert network(clear, clear).tolist() == [0, 0]
    if net == "alexnet":
        torch.testing.assert_close(
            network(blurred, clear).double(), plain_lpips(network, blurred, clear), rtol=1e-3, atol=1e-5
        )
