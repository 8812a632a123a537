"""The toolkit against the plain scripts in `reference/`: the same pictures and noise give the same weights.

Everything runs in float64. There the two ways of computing (one discriminator call or two, one shared gradient or one
each) differ by rounding of relative size 2⁻⁵³. In float32 Adam would blow such differences up: where a gradient is zero
but for rounding (a bias before batch normalisation, D's last bias under a relativistic loss), its step is the *sign* of
the rounding times the learning rate, as soon as the rounding is larger than eps = 10⁻⁸.
In float64 that zero is some 10⁻¹⁶, so Adam's step there is at most lr · 10⁻¹⁶ / 10⁻⁸ = 2e-4 · 10⁻⁸ = 2e-12.
The toolkit takes its means in float32; batches of 8 keep that out of the comparison, since 1/8 is exact there. A
scheduled γ is not, and 2⁻²⁴ off. Adam divides the size of a gradient out again, so that of a step of 2e-4 less than
2e-4 · 6e-8 ≈ 10⁻¹¹ is left. Measured: 0 for dcgan (the same operations), 10⁻¹² for wgan-gp and r3gan.
"""

from __future__ import annotations

import copy
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganvas.contract.trial import CONDITIONAL, HERE, UNCONDITIONAL, RandomPictures
from ganvas.games.batch import Batch, Batches, Key
from ganvas.games.duel import Duel
from ganvas.games.game import Game
from ganvas.games.noise import Draws, NoiseTurn
from ganvas.games.player import Player
from ganvas.games.term import adversarial
from ganvas.losses.adversarial import Minimax
from ganvas.nn.judgement import Judgement
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.table import RECIPES
from ganvas.space import Classes, Space
from ganvas.training.loop import train
from ganvas.training.progress import Progress

BATCH, ROUNDS, HORIZON = 8, 4, 8
TOLERANCE = 2e-11
SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"width": 4},
    "wgan-gp": {"width": 4},
    "r3gan": {"width": 8, "group_size": 4, "blocks": 1},
}
SQUARE = Space(channels=3, height=16, width=16, condition=Classes(names=("a", "b", "c")))
SPACES = {"plain": UNCONDITIONAL, "classes": SQUARE, "not square": CONDITIONAL}


def script(name: str) -> ModuleType:
    """A file of `reference/`, as a module."""
    path = Path(__file__).parents[1] / "reference" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"reference_{name}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """Networks and draws are made in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class DoubleBatches(Batches):
    """Real pictures in double precision."""

    def at(self, round: int, turn: int) -> Batch:
        batch = super().at(round, turn)
        return replace(batch, images=batch.images.double())


class Duet:
    """One game with its data, and the same networks, pictures and noise for a script."""

    def __init__(self, name: str, space: Space, **changes: Any) -> None:
        recipe = RECIPES[name](space)
        assert isinstance(recipe, NoiseRecipe)
        self.recipe = recipe.but(
            generator=recipe.generator.but(**SMALL[name]),
            discriminator=recipe.discriminator.but(**SMALL[name]),
            batch=BATCH,
            images=BATCH * HORIZON,
            **changes,
        )
        self.game = self.recipe.game(torch.device("cpu"))
        self.others = copy.deepcopy(self.game.networks)
        self.batches = DoubleBatches(RandomPictures.of(space), BATCH, self.game.turns, 0, HERE.place)

    def real(self, round: int, turn: int) -> tuple[Tensor, Tensor | None]:
        batch = self.batches.at(round, turn)
        return batch.images, batch.condition

    def draws(self, round: int, turn: int) -> Draws:
        """What the toolkit draws in this turn."""
        seen = NoiseTurn(self.game.networks, batch := self.batches.at(round, turn), frozenset())
        batch.key.reseed()
        return seen.draw()

    def noise(self, round: int, turn: int) -> Tensor:
        return self.draws(round, turn).noise

    def play(self, rounds: int = ROUNDS) -> Progress:
        """The toolkit's side, through the one loop."""
        progress = Progress()
        train(self.game, self.batches, progress, rounds * BATCH, HERE)
        return progress

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """The script's side."""
        return self.others["generator"], self.others["discriminator"]

    def distance(self) -> float:
        """The largest difference over all weights and buffers."""
        return max(
            float((value - self.others[role].state_dict()[name]).abs().max())
            for role, network in self.game.networks.items()
            for name, value in network.state_dict().items()
        )

    def agrees(self) -> None:
        """Equal, and far from where both began."""
        assert self.distance() < TOLERANCE
        for role, network in self.recipe.game(torch.device("cpu")).networks.items():
            after = self.others[role].state_dict()
            assert any((value - after[name]).abs().max() > 1e-4 for name, value in network.state_dict().items()), role


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_dcgan(space: Space) -> None:
    """Batch normalisation on both sides: two calls for real and fake; running means move in the own turn only."""
    duet = Duet("dcgan", space)
    duet.play()
    script("dcgan").train(*duet.networks(), range(ROUNDS), duet.real, duet.noise)
    duet.agrees()
    counts = {
        role: {int(value) for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
        for role, network in duet.game.networks.items()
    }
    # G runs in both turns and D three times a round; counted are one call of G and two of D, those of the own turn
    assert counts == {"generator": {ROUNDS}, "discriminator": {2 * ROUNDS}}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_wgan_gp(space: Space) -> None:
    """Five critic turns a round; ε is the toolkit's own mix."""
    duet = Duet("wgan-gp", space)
    duet.play()
    script("wgan_gp").train(*duet.networks(), range(ROUNDS), duet.real, duet.draws)
    duet.agrees()


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_r3gan(space: Space) -> None:
    """R1 and R2; learning rate, β₂ and γ change from round to round, over the first half of their way."""
    duet = Duet("r3gan", space)
    gamma = duet.recipe.penalties["r1"].gamma.start  # type: ignore[union-attr]
    duet.play()
    script("r3gan").train(*duet.networks(), range(ROUNDS), duet.real, duet.noise, gamma=gamma, horizon=HORIZON)
    duet.agrees()


def test_another_game_does_not_agree() -> None:
    """The other side: a γ or a λ that is off by one in a hundred, a wrong ε, are seen by the same comparison."""
    duet = Duet("r3gan", UNCONDITIONAL)
    gamma = 1.01 * duet.recipe.penalties["r1"].gamma.start  # type: ignore[union-attr]
    duet.play(2)
    script("r3gan").train(*duet.networks(), range(2), duet.real, duet.noise, gamma=gamma, horizon=HORIZON)
    assert duet.distance() > 1000 * TOLERANCE

    duet = Duet("wgan-gp", UNCONDITIONAL)
    duet.play(2)
    script("wgan_gp").train(
        *duet.networks(), range(2), duet.real, lambda r, t: (duet.noise(r, t), torch.full((BATCH, 1, 1, 1), 0.5))
    )
    assert duet.distance() > 1000 * TOLERANCE


@pytest.mark.parametrize("name", ["dcgan", "wgan_gp"])
def test_scripts_keep_the_other_player_still(name: str) -> None:
    """A script asks for real pictures when a turn begins; from one turn to the next only the mover has changed."""
    duet, seen = Duet(name.replace("_", "-"), UNCONDITIONAL), []
    networks = duet.networks()

    def real(round: int, turn: int) -> tuple[Tensor, Tensor | None]:
        seen.append((turn, [copy.deepcopy(network.state_dict()) for network in networks]))
        return duet.real(round, turn)

    script(name).train(*networks, range(2), real, duet.noise if name == "dcgan" else duet.draws)
    generators_turn = duet.game.turns - 1
    for (turn, before), (_, after) in pairwise(seen):
        mover = 0 if turn == generators_turn else 1
        assert not _same(before[mover], after[mover])
        assert _same(before[1 - mover], after[1 - mover])


def _same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_training_flow() -> None:
    """The lecture's flow: per iteration D ``n_iter_discrim`` times, then G ``n_iter_gen`` times; only the mover's
    weights and buffers change, in either network with batch normalisation."""
    duet = Duet("dcgan", UNCONDITIONAL, updates={"discriminator": 3, "generator": 2})
    game, seen = duet.game, []

    def everything() -> dict[str, dict[str, Tensor]]:
        return {role: copy.deepcopy(network.state_dict()) for role, network in game.networks.items()}

    def watched(player: Player) -> Player:
        def look(networks: Any, batch: Batch, needs: frozenset[str]) -> NoiseTurn:
            seen.append((player.name, batch.key, everything()))
            return NoiseTurn(networks, batch, needs)

        return replace(player, turn=look)

    game.players = tuple(watched(player) for player in game.players)
    duet.play(2)
    assert [name for name, _, _ in seen] == 2 * (3 * ["discriminator"] + 2 * ["generator"])
    assert [(key.round, key.turn) for _, key, _ in seen] == [(round, turn) for round in range(2) for turn in range(5)]
    states = [*(state for _, _, state in seen), everything()]
    for (mover, _, _), (before, after) in zip(seen, pairwise(states), strict=True):
        for role in game.networks:
            assert _same(before[role], after[role]) == (role != mover)


# The toy: one weight against two


class Shift(nn.Module):
    """g[z, θ] = z + θ; its latents are the same ten for ever."""

    def __init__(self, latents: Tensor) -> None:
        super().__init__()
        self.latents, self.theta, self.calls = latents, nn.Parameter(torch.tensor(3.0)), 0

    @property
    def prior(self) -> Shift:
        return self

    def draw(self, count: int, device: torch.device) -> Tensor:
        return self.latents

    def forward(self, z: Tensor, condition: None = None) -> Tensor:
        self.calls += 1
        return z + self.theta


class Logistic(nn.Module):
    """f[x, φ] = φ₀ + φ₁x."""

    mixes_samples = False

    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.Parameter(torch.tensor([-2.0, 1.0]))

    def forward(self, x: Tensor, condition: None = None) -> Judgement:
        return Judgement(self.phi[0] + self.phi[1] * x)


class Iteration:
    """A turn that remembers: one set of fakes a round, kept for all of the discriminator's updates."""

    def __init__(self) -> None:
        self.round, self.fakes = -1, torch.empty(0)

    def __call__(self, networks: Any, batch: Batch, needs: frozenset[str]) -> ToyTurn:
        if batch.key.round != self.round:
            self.round, self.fakes = batch.key.round, networks["generator"](networks["generator"].latents)
        return ToyTurn(networks["discriminator"], batch, lambda: self.fakes, needs)


class ToyTurn:
    """Ten numbers against ten numbers."""

    def __init__(
        self, discriminator: nn.Module, batch: Batch, fake: Callable[[], Tensor], needs: frozenset[str]
    ) -> None:
        self.batch = batch
        self.duels = (Duel(discriminator, batch.images, fake, None, needs, torch.empty(0)),)


class TheSameTen:
    """Batches that are always the notebook's real numbers."""

    size = 10

    def __init__(self, real: Tensor) -> None:
        self.real = real

    def at(self, round: int, turn: int) -> Batch:
        return Batch(self.real, None, Key(0, round, turn, 0))


SUM = 10.0
"""A term is a mean over the ten samples; ten times as heavy, it is the notebook's sum."""
TRACE = [3.0806, 3.1516, 3.2177, 3.2812, 3.3434]
"""θ after rounds 1 to 5 of the notebook's own code."""


def toy_game(toy: ModuleType, ascends: bool = False, whole_objective: bool = False) -> Game:
    """The notebook's game. Either both descend or both ascend the negative; G's part is L[θ] or the whole objective."""
    loss, sign = Minimax(), -1.0 if ascends else 1.0
    networks = {"generator": Shift(toy.LATENTS), "discriminator": Logistic()}
    d_term = replace(adversarial(loss, "discriminator"), weight=sign * SUM)
    g_term = replace(adversarial(loss, "generator"), weight=sign * SUM)
    if whole_objective:  # what D minimises is what G maximises
        g_term = replace(adversarial(loss, "discriminator"), weight=-sign * SUM)
    return Game(
        networks,
        (
            Player("discriminator", ("discriminator",), Iteration(), (d_term,), "discriminator", updates=300),
            Player("generator", ("generator",), NoiseTurn, (g_term,), "generator", updates=3),
        ),
        {
            "discriminator": torch.optim.SGD(networks["discriminator"].parameters(), lr=0.01, maximize=ascends),
            "generator": torch.optim.SGD(networks["generator"].parameters(), lr=0.02, maximize=ascends),
        },
        horizon=1,
    )


def played(toy: ModuleType, game: Game, rounds: int) -> tuple[list[float], list[Tensor]]:
    """θ and φ after every round, through the toolkit's loop."""
    thetas: list[float] = []
    phis: list[Tensor] = []

    def note(game: Game, progress: Progress) -> None:
        thetas.append(game.networks["generator"].theta.item())
        phis.append(game.networks["discriminator"].phi.detach().clone())

    batches: Any = TheSameTen(toy.REAL)
    train(game, batches, Progress(), rounds * batches.size, HERE, [note])
    return thetas, phis


def test_the_toys_losses_at_the_start() -> None:
    """The notebook prints L_D = 13.814757170851447 and L_G = 13.78437035945412 at φ = (−2, 1), θ = 3."""
    toy = script("toy")
    assert toy.discriminator_loss(toy.PHI, toy.REAL, toy.generate(toy.THETA)).item() == pytest.approx(
        13.814757170851447, rel=1e-14
    )
    assert toy.generator_loss(toy.THETA, toy.PHI).item() == pytest.approx(13.78437035945412, rel=1e-14)
    real, fake = (toy.logit(toy.PHI, x) for x in (toy.REAL, toy.generate(toy.THETA)))
    assert Minimax().discriminator(real, fake).sum().item() == pytest.approx(13.814757170851447, rel=1e-14)
    # what the notebook ascends, the toolkit's generator descends with the other sign
    assert Minimax().generator(None, fake).sum().item() == pytest.approx(-13.78437035945412, rel=1e-14)


def test_the_toy_through_the_toolkits_loop() -> None:
    """300 updates of D, then 3 of G, five rounds: the notebook's θ, and the script's φ and θ to rounding."""
    toy, rounds = script("toy"), len(TRACE)
    game = toy_game(toy)
    thetas, phis = played(toy, game, rounds)
    assert [round(theta, 4) for theta in thetas] == TRACE
    for theta, phi, (phi_there, theta_there) in zip(thetas, phis, toy.train(toy.PHI, toy.THETA, rounds), strict=True):
        assert theta == pytest.approx(theta_there.item(), abs=1e-9)
        assert torch.allclose(phi, phi_there, atol=1e-9)
    # the fakes were generated once for all 300 updates of D, and afresh for each of G's 3
    assert game.networks["generator"].calls == rounds * (1 + 3)


def test_the_generators_part_of_the_objective() -> None:
    """V(φ, θ) = L[θ] + terms without θ: so ∂V/∂θ = ∂L/∂θ, here and wherever φ and θ stand."""
    toy = script("toy")
    for phi, theta in [(toy.PHI, toy.THETA), *toy.train(toy.PHI, toy.THETA, 2)]:
        whole = torch.func.grad(lambda t, p=phi: toy.discriminator_loss(p, toy.REAL, toy.generate(t)))(theta)
        part = torch.func.grad(toy.generator_loss)(theta, phi)
        assert part.abs() > 1e-2
        assert torch.allclose(whole, part, rtol=1e-12)
    alone, _ = played(toy, toy_game(toy), 2)
    whole_game, _ = played(toy, toy_game(toy, whole_objective=True), 2)
    assert np.allclose(alone, whole_game, rtol=1e-12)


def test_both_sign_conventions_are_one_game() -> None:
    """D descending L and G ascending it, or both the other way round: the same weights to the bit."""
    toy = script("toy")
    thetas, phis = played(toy, toy_game(toy), 2)
    other_thetas, other_phis = played(toy, toy_game(toy, ascends=True), 2)
    assert thetas == other_thetas
    assert torch.equal(torch.stack(phis), torch.stack(other_phis))
