"""Vision transformer with one class token, as DINOv2 publishes it; its sizes are read off a file of weights.

Dosovitskiy et al. 2021 (section 3.1); Touvron et al. 2021, "Going deeper", for the scale on each branch (LayerScale);
Oquab et al. 2024 for DINOv2; Darcet et al. 2024 for register tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from ganvas.errors import GanvasError
from ganvas.nn.backbones.filling import filled

HEAD_WIDTH = 64
"""Of every ViT-S, -B and -L; the number of heads is not in a file."""
NORM_EPSILON = 1e-6
WITHOUT_REGISTERS_OFFSET = 0.1
"""DINOv2 without registers stretches its places by (side + 0.1) / stored side; with registers, exactly and
antialiased. The published features depend on it in the third digit."""


@dataclass(frozen=True)
class Sizes:
    """What a file of weights says about its network."""

    dimension: int
    depth: int
    patch: int
    hidden: int
    places: int
    """Of ``pos_embed``, without the class token: a square number."""
    registers: int
    scaled: bool
    """LayerScale is there."""
    masked: bool
    """The file has the token that stood for hidden patches in training; it is carried along and not used."""

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Sizes:
        """Raises GanvasError where the file is none of this kind."""
        try:
            dimension, _, patch, _ = state["patch_embed.proj.weight"].shape
            return cls(
                dimension=dimension,
                depth=1 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks.")),
                patch=patch,
                hidden=len(state["blocks.0.mlp.fc1.weight"]),
                places=state["pos_embed"].shape[1] - 1,
                registers=state["register_tokens"].shape[1] if "register_tokens" in state else 0,
                scaled="blocks.0.ls1.gamma" in state,
                masked="mask_token" in state,
            )
        except (KeyError, ValueError, IndexError) as error:
            raise GanvasError(
                f"these weights are no vision transformer as DINOv2 publishes it (ViT-S, B or L): {error} is missing"
            ) from error


class Scale(nn.Module):
    """One factor a channel."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dimension))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Attention(nn.Module):
    """Every token looks at every token: (N, T, d) → (N, T, d), in heads of 64."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(dimension, 3 * dimension)
        self.proj = nn.Linear(dimension, dimension)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, dimension = x.shape
        query, key, value = self.qkv(x).reshape(n, tokens, 3, -1, HEAD_WIDTH).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(seen.transpose(1, 2).reshape(n, tokens, dimension))
        return out


class Perceptron(nn.Module):
    """Two dense layers, GELU between."""

    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dimension, hidden)
        self.fc2 = nn.Linear(hidden, dimension)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """x + scale · attention(norm x), then x + scale · perceptron(norm x)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(sizes.dimension, eps=NORM_EPSILON)
        self.attn = Attention(sizes.dimension)
        self.ls1 = Scale(sizes.dimension) if sizes.scaled else nn.Identity()
        self.norm2 = nn.LayerNorm(sizes.dimension, eps=NORM_EPSILON)
        self.mlp = Perceptron(sizes.dimension, sizes.hidden)
        self.ls2 = Scale(sizes.dimension) if sizes.scaled else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        out: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return out


class Patches(nn.Module):
    """(N, 3, H, W) → (N, H/p · W/p, d): each p×p patch by one linear map."""

    def __init__(self, dimension: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dimension, patch, patch)

    def forward(self, x: Tensor) -> Tensor:
        patches: Tensor = self.proj(x)
        return patches.flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """RGB by ImageNet's mean and deviation, (N, 3, H, W), sides multiples of the patch → the class token after the
    last norm, (N, d)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.cls_token = nn.Parameter(torch.zeros(1, 1, sizes.dimension))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + sizes.places, sizes.dimension))
        if sizes.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, sizes.registers, sizes.dimension))
        if sizes.masked:
            self.mask_token = nn.Parameter(torch.zeros(1, sizes.dimension))
        self.patch_embed = Patches(sizes.dimension, sizes.patch)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(sizes.dimension, eps=NORM_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        grid = (height // self.sizes.patch, width // self.sizes.patch)
        tokens = torch.cat([self.cls_token.expand(n, -1, -1), self.patch_embed(x)], dim=1) + self.places(grid)
        if self.sizes.registers:
            registers = self.register_tokens.expand(n, -1, -1)
            tokens = torch.cat([tokens[:, :1], registers, tokens[:, 1:]], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.norm(tokens[:, 0])
        return out

    def places(self, grid: tuple[int, int]) -> Tensor:
        """``pos_embed`` for a grid of (rows, columns) patches, bicubic between those it was trained on."""
        stored = math.isqrt(self.sizes.places)
        if grid == (stored, stored):
            return self.pos_embed
        token, square = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        square = square.reshape(1, stored, stored, -1).permute(0, 3, 1, 2)
        if self.sizes.registers:
            stretched = functional.interpolate(square, size=grid, mode="bicubic", antialias=True)
        else:
            factors = [(side + WITHOUT_REGISTERS_OFFSET) / stored for side in grid]
            stretched = functional.interpolate(square, scale_factor=factors, mode="bicubic")
        return torch.cat([token, stretched.flatten(2).transpose(1, 2)], dim=1)


def vision_transformer(state: Mapping[str, Tensor], what: str = "the vision transformer") -> VisionTransformer:
    """The network that these weights are of; a classifier on top (``head.*``) is left out.

    Raises:
        GanvasError: they are of another kind of network.
    """
    body = {name: tensor for name, tensor in state.items() if not name.startswith("head.")}
    return filled(partial(VisionTransformer, Sizes.of(body)), body, what)
