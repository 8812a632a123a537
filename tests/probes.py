"""Five games that the package does not have, each in a few lines of its own pieces; `test_probe_games` plays them.

An auxiliary-classifier head, a cycle with a history pool, growth by schedule, a one-player VAE, and packing.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, interpolate

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.game import Dial, Game
from ganvas.games.noise import NoiseTurn
from ganvas.games.player import Player
from ganvas.games.remember import remember
from ganvas.games.term import Term, adversarial, penalty
from ganvas.games.turn import Networks, Sees
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import LeastSquares, NonSaturating
from ganvas.losses.penalties import R1
from ganvas.nn.judgement import Judgement
from ganvas.schedule import Schedule
from ganvas.space import Classes, Space

SPACE = Space(channels=1, height=8, width=8, condition=Classes(names=("a", "b", "c")))
PIXELS, Z, HIDDEN = 64, 6, 16
BATCH, ROUNDS = 4, 6
BOTH = frozenset({"real_logits", "fake_logits"})


def dense(inputs: int, outputs: int, *last: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.LeakyReLU(0.2), nn.Linear(HIDDEN, outputs), *last)


class FromNoise(nn.Module):
    """z and a class → a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.prior = Normal(dimension=Z)
        self.classes = nn.Embedding(3, Z)
        self.layers = dense(Z, PIXELS, nn.Tanh())

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        pictures: Tensor = self.layers(z + self.classes(condition)).view(-1, *SPACE.shape)
        return pictures


class Judge(nn.Module):
    mixes_samples = False

    def __init__(self) -> None:
        super().__init__()
        self.layers = dense(PIXELS, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(self.layers(images.flatten(1)).squeeze(1))


def descend(*modules: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam((p for module in modules for p in module.parameters()), lr=1e-3)


def mover(name: str, turn: Sees, *terms: Term, moves: Iterable[str] = (), optimizer: str | None = None) -> Player:
    return Player(name, tuple(moves) or (name,), turn, terms, optimizer or name)


def game_of(networks: dict[str, nn.Module], players: Iterable[Player], *dials: Dial) -> Game:
    """Each player descends with an Adam of its own over what it moves."""
    players = tuple(players)
    optimizers = {p.optimizer: descend(*(networks[role] for role in p.moves)) for p in players}
    return Game(networks, players, optimizers, horizon=BATCH * ROUNDS, dials=dials)


# --- an auxiliary-classifier head: the discriminator also names the class, both players care (Odena et al. 2017) ------


class Classifying(Judge):
    def __init__(self) -> None:
        super().__init__()
        self.classify = dense(PIXELS, 3)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(super().forward(images).logits, classes=self.classify(images.flatten(1)))


def classify(*sides: str) -> Term:
    """−log p(class of the picture), over the sides that this player answers for."""

    def measure(turn: NoiseTurn) -> Tensor:
        judged = [turn.duels[0].judgements[side].classes for side in sides]
        return torch.stack([cross_entropy(c, turn.batch.condition, reduction="none") for c in judged]).sum(0)

    return Term("classify", frozenset(f"{side}_logits" for side in sides), measure)


def auxiliary_classifier() -> Game:
    loss = NonSaturating()
    return game_of(
        {"generator": FromNoise(), "discriminator": Classifying()},
        [
            mover(
                "discriminator", NoiseTurn, adversarial(loss, "discriminator"), classify("real", "fake"), penalty(R1())
            ),
            mover("generator", NoiseTurn, adversarial(loss, "generator"), classify("fake")),
        ],
    )


# --- a cycle with a history pool: two generators, two discriminators, old fakes shown again (Zhu et al. 2017) ---------


class Pool(nn.Module):
    """The last few fakes; half of the shown ones are swapped for older ones. Its memory is a buffer, so whoever *moves*
    it keeps it, `Game.only` protects it from everybody else, and the run's state holds it."""

    def __init__(self, size: int = 6) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(size, *SPACE.shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    def forward(self, fakes: Tensor, swap: Tensor, place: Tensor) -> Tensor:
        shown = []
        for fake, old, i in zip(fakes, swap, place, strict=True):
            if self.filled < len(self.kept):
                self.kept[self.filled] = fake
                self.filled += 1
                shown.append(fake)
            elif old:
                shown.append(self.kept[i].clone())
                self.kept[i] = fake
            else:
                shown.append(fake)
        return torch.stack(shown)


class CycleTurn:
    """Pictures of the first half of the batch are one set, those of the second half the other; two duels."""

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str], pooled: bool) -> None:
        batch.key.reseed()
        self.networks, self.batch, self.pooled = networks, batch, pooled
        self.sides = dict(zip("ab", batch.images.chunk(2), strict=True))
        count = len(self.sides["a"])
        self.swap = {side: torch.rand(count) < 0.5 for side in "ab"}
        self.place = {side: torch.randint(0, 6, (count,)) for side in "ab"}
        mix = torch.rand(count, 1, 1, 1)
        self.duels = tuple(
            Duel(networks[f"judge_{s}"], self.sides[s], lambda s=s: self.shown[s], None, needs, mix) for s in "ab"
        )

    @remember
    def fakes(self) -> dict[str, Tensor]:
        """Each side's pictures, translated from the other."""
        return {"a": self.networks["to_a"](self.sides["b"]), "b": self.networks["to_b"](self.sides["a"])}

    @remember
    def shown(self) -> dict[str, Tensor]:
        """What the discriminators see: in their own turn through the pool."""
        if not self.pooled:
            return self.fakes
        return {s: self.networks[f"pool_{s}"](self.fakes[s], self.swap[s], self.place[s]) for s in "ab"}

    @remember
    def back(self) -> dict[str, Tensor]:
        """There and back again."""
        return {"a": self.networks["to_a"](self.fakes["b"]), "b": self.networks["to_b"](self.fakes["a"])}


class Translate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = dense(PIXELS, PIXELS, nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.layers(images.flatten(1)).view_as(images)
        return out


def cycle() -> Game:
    loss = LeastSquares()
    there_and_back = Term(
        "cycle",
        frozenset(),
        lambda t: sum((t.back[s] - t.sides[s]).abs().flatten(1).mean(1) for s in "ab"),
        weight=10.0,
    )
    networks: dict[str, nn.Module] = {"to_a": Translate(), "to_b": Translate(), "judge_a": Judge(), "judge_b": Judge()}
    networks |= {"pool_a": Pool(), "pool_b": Pool()}
    judges, translators = ("judge_a", "judge_b", "pool_a", "pool_b"), ("to_a", "to_b")
    return game_of(
        networks,
        [
            mover("judges", lambda *a: CycleTurn(*a, pooled=True), adversarial(loss, "discriminator"), moves=judges),
            mover(
                "translators",
                lambda *a: CycleTurn(*a, pooled=False),
                adversarial(loss, "generator"),
                there_and_back,
                moves=translators,
            ),
        ],
    )


# --- growth by schedule: level and fade are one number that begin_round writes (Karras et al. 2018) -------------------


class Growing(nn.Module):
    """4×4, then 8×8: ``level`` 0 … 1 fades the new layer in; whatever its value, the picture is 8×8."""

    def __init__(self) -> None:
        super().__init__()
        self.prior = Normal(dimension=Z)
        self.register_buffer("level", torch.zeros(()), persistent=False)
        self.small, self.large = dense(Z, 16), nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        old = interpolate(self.small(z).view(-1, 1, 4, 4), scale_factor=2)
        return old if self.level == 0 else torch.lerp(old, self.large(old), self.level).tanh()


def growing() -> Game:
    generator = Growing()
    level = Dial(Schedule(start=0.0, end=1.0, shape="linear"), generator.level.fill_)
    players = [
        mover("discriminator", NoiseTurn, adversarial(NonSaturating(), "discriminator")),
        mover("generator", NoiseTurn, adversarial(NonSaturating(), "generator")),
    ]
    return game_of({"generator": generator, "discriminator": Judge()}, players, level)


# --- one player: a variational autoencoder (Kingma & Welling 2014) ----------------------------------------------------


class AutoencoderTurn:
    """The batch through the encoder, a sample of its latents, and back; nobody duels."""

    duels: tuple[Duel, ...] = ()

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str]) -> None:
        batch.key.reseed()
        self.networks, self.batch = networks, batch
        self.noise = torch.randn(len(batch), Z)

    @remember
    def code(self) -> tuple[Tensor, Tensor]:
        """(N, Z) means and log-variances."""
        mean, log_variance = self.networks["encoder"](self.batch.images.flatten(1)).chunk(2, dim=1)
        return mean, log_variance

    def reconstruction(self) -> Tensor:
        mean, log_variance = self.code
        logits = self.networks["decoder"](mean + (log_variance / 2).exp() * self.noise)
        pixels = (self.batch.images.flatten(1) + 1) / 2
        return binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum(1)

    def divergence(self) -> Tensor:
        """KL(N(m, s²) ‖ N(0, 1)) = ½ Σ (m² + s² − log s² − 1)."""
        mean, log_variance = self.code
        return (mean**2 + log_variance.exp() - log_variance - 1).sum(1) / 2


def autoencoder() -> Game:
    terms = (
        Term("reconstruction", frozenset(), AutoencoderTurn.reconstruction),
        Term("divergence", frozenset(), AutoencoderTurn.divergence),
    )
    networks: dict[str, nn.Module] = {"encoder": dense(PIXELS, 2 * Z), "decoder": dense(Z, PIXELS)}
    return game_of(networks, [mover("autoencoder", AutoencoderTurn, *terms, moves=networks)])


# --- packing: the discriminator judges two pictures together (Lin et al. 2018) ----------------------------------------


class Packed(nn.Module):
    """(N, C, H, W) → N/2 logits; what a pair gets depends on both, so real and fake are judged in two calls."""

    mixes_samples = True

    def __init__(self) -> None:
        super().__init__()
        self.layers = dense(2 * PIXELS, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(self.layers(images.reshape(-1, 2 * PIXELS)).squeeze(1))


def packing() -> Game:
    loss = NonSaturating()
    return game_of(
        {"generator": FromNoise(), "discriminator": Packed()},
        [
            mover("discriminator", NoiseTurn, adversarial(loss, "discriminator")),
            mover("generator", NoiseTurn, adversarial(loss, "generator")),
        ],
    )
