"""The networks of other tools, stated again in plain PyTorch to the names that their published files have.

Only the places of the layers (and with them the names of the tensors) and the order of operations are theirs.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, leaky_relu, pad, pixel_shuffle, pixel_unshuffle

Norm = Literal["batch", "instance", "none"]


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights and statistics as after some training: nothing at its start, nothing zero; gains near 1."""
    torch.manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith("filt") or not tensor.is_floating_point():
            continue
        wide = tensor.ndim > 1
        tensor.normal_(0.0, (2.0 / tensor[0].numel()) ** 0.5 if wide else 0.1)
        if not wide and name.endswith(("weight", "running_var")):
            tensor.abs_().add_(0.7)
    return network


def norm_layer(norm: Norm, width: int) -> nn.Module:
    return {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "none": lambda _: nn.Identity()}[norm](width)


class UNetLevel(nn.Module):
    """One level of pix2pix's U-Net, with the next one inside."""

    def __init__(
        self, outer: int, inner: int, norm: Norm, within: nn.Module | None, channels: int = 0, dropout: bool = False
    ) -> None:
        super().__init__()
        self.outermost, bias = channels > 0, norm == "instance"
        down = nn.Conv2d(channels or outer, inner, 4, 2, 1, bias=bias)
        if self.outermost:
            assert within is not None
            up = nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1)
            layers = [down, within, nn.ReLU(), up, nn.Tanh()]
        elif within is None:
            up = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias)
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, norm_layer(norm, outer)]
        else:
            up = nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1, bias=bias)
            before = [nn.LeakyReLU(0.2), down, norm_layer(norm, inner)]
            layers = [*before, within, nn.ReLU(), up, norm_layer(norm, outer), *([nn.Dropout(0.5)] if dropout else [])]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.model(x)
        return y if self.outermost else torch.cat([x, y], 1)


class UNet(nn.Module):
    """pix2pix's UnetGenerator."""

    def __init__(self, source: int, target: int, levels: int, width: int, norm: Norm, dropout: bool) -> None:
        super().__init__()
        widths = [width * min(2**k, 8) for k in range(levels)]
        level = UNetLevel(widths[-2], widths[-1], norm, None)
        for k in range(levels - 2, 0, -1):
            level = UNetLevel(widths[k - 1], widths[k], norm, level, dropout=dropout and k >= 4)
        self.model = UNetLevel(target, widths[0], norm, level, channels=source)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.model(x)
        return y


class ResNetBlock(nn.Module):
    """CycleGAN's: x + conv_block(x)."""

    def __init__(self, width: int, norm: Norm, dropout: bool) -> None:
        super().__init__()

        def conv() -> list[nn.Module]:
            bias = norm == "instance"
            return [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm_layer(norm, width)]

        self.conv_block = nn.Sequential(*conv(), nn.ReLU(), *([nn.Dropout(0.5)] if dropout else []), *conv())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.conv_block(x)
        return y


class Filtered(nn.Module):
    """CUT's blurs: a fixed filter for each channel, with a stride down or up."""

    def __init__(self, channels: int, up: bool) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0] if up else [1.0, 2.0, 1.0])
        taps = torch.outer(taps, taps) / taps.sum() ** 2 * (4 if up else 1)
        self.filt: Tensor
        self.register_buffer("filt", taps.repeat(channels, 1, 1, 1))
        self.up = up

    def forward(self, x: Tensor) -> Tensor:
        if not self.up:
            return conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), self.filt, stride=2, groups=x.shape[1])
        wide = pad(x, (1, 1, 1, 1), mode="replicate")
        return conv_transpose2d(wide, self.filt, stride=2, padding=2, groups=x.shape[1])[:, :, 1:-1, 1:-1]


class ResNet(nn.Module):
    """CycleGAN's ResnetGenerator; ``blurs`` makes it CUT's."""

    def __init__(
        self, source: int, target: int, width: int, blocks: int, norm: Norm, dropout: bool, blurs: bool = False
    ) -> None:
        super().__init__()
        bias = norm == "instance"
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(source, width, 7, bias=bias), norm_layer(norm, width), nn.ReLU()]
        for a in (width, 2 * width):
            down = nn.Conv2d(a, 2 * a, 3, 1 if blurs else 2, 1, bias=bias)
            layers += [down, norm_layer(norm, 2 * a), nn.ReLU(), *([Filtered(2 * a, up=False)] if blurs else [])]
        layers += [ResNetBlock(4 * width, norm, dropout) for _ in range(blocks)]
        for a in (4 * width, 2 * width):
            if blurs:
                layers += [Filtered(a, up=True), nn.Conv2d(a, a // 2, 3, 1, 1, bias=bias)]
            else:
                layers += [nn.ConvTranspose2d(a, a // 2, 3, 2, 1, output_padding=1, bias=bias)]
            layers += [norm_layer(norm, a // 2), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, target, 7), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.model(x)
        return y


class Patches(nn.Module):
    """pix2pix's NLayerDiscriminator."""

    def __init__(self, channels: int, width: int, layers: int, norm: Norm) -> None:
        super().__init__()
        widths = [width * min(2**i, 8) for i in range(layers + 1)]
        parts: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i in range(1, layers + 1):
            stride = 2 if i < layers else 1
            conv = nn.Conv2d(widths[i - 1], widths[i], 4, stride, 1, bias=norm == "instance")
            parts += [conv, norm_layer(norm, widths[i]), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*parts, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.model(x)
        return y


class Pixels(nn.Module):
    """pix2pix's PixelDiscriminator."""

    def __init__(self, channels: int, width: int, norm: Norm) -> None:
        super().__init__()
        bias = norm == "instance"
        self.net = nn.Sequential(
            *(nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(width, 2 * width, 1, bias=bias), norm_layer(norm, 2 * width), nn.LeakyReLU(0.2)),
            nn.Conv2d(2 * width, 1, 1, bias=bias),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x)
        return y


class DenseBlock(nn.Module):
    """Real-ESRGAN's ResidualDenseBlock."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for i in range(1, 6):
            self.add_module(f"conv{i}", nn.Conv2d(width + (i - 1) * growth, growth if i < 5 else width, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for i in range(1, 5):
            seen.append(leaky_relu(self.get_submodule(f"conv{i}")(torch.cat(seen, 1)), 0.2))
        y: Tensor = self.get_submodule("conv5")(torch.cat(seen, 1))
        return 0.2 * y + x


class ResidualInResidual(nn.Module):
    """Real-ESRGAN's RRDB."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(width, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return 0.2 * y + x


class RRDBNet(nn.Module):
    """Real-ESRGAN's: always doubles twice, and lays pixels out as channels where that is too much."""

    def __init__(self, channels: int, target: int, scale: int, width: int, blocks: int, growth: int) -> None:
        super().__init__()
        self.shrink = 4 // scale
        self.conv_first = nn.Conv2d(channels * self.shrink**2, width, 3, 1, 1)
        self.body = nn.Sequential(*(ResidualInResidual(width, growth) for _ in range(blocks)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (
            nn.Conv2d(width, width, 3, 1, 1) for _ in range(4)
        )
        self.conv_last = nn.Conv2d(width, target, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv_first(pixel_unshuffle(x, self.shrink))
        features = features + self.conv_body(self.body(features))
        for up in (self.conv_up1, self.conv_up2):
            features = leaky_relu(up(interpolate(features, scale_factor=2, mode="nearest")), 0.2)
        y: Tensor = self.conv_last(leaky_relu(self.conv_hr(features), 0.2))
        return y


class SRVGG(nn.Module):
    """Real-ESRGAN's SRVGGNetCompact."""

    def __init__(self, channels: int, scale: int, width: int, convs: int) -> None:
        super().__init__()
        self.scale, self.body = scale, nn.ModuleList()
        for i in range(convs + 1):
            self.body += [nn.Conv2d(width if i else channels, width, 3, 1, 1), nn.PReLU(width)]
        self.body.append(nn.Conv2d(width, channels * scale**2, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.body:
            y = layer(y)
        return pixel_shuffle(y, self.scale) + interpolate(x, scale_factor=self.scale, mode="nearest")
