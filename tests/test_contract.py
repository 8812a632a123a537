"""Every recipe keeps every law, alone and with other choices; and each law catches the fault it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import pytest
import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn.functional import dropout

from ganvas.contract.laws import LAWS, broken_laws
from ganvas.contract.trial import (
    BATCH,
    CONDITIONAL,
    PICTURES,
    UNCONDITIONAL,
    Trial,
    period,
    recipe_for,
    spaces_for,
)
from ganvas.latent.priors import Prior
from ganvas.models import networks
from ganvas.models.sprint import Discriminator, Generator, SprintDiscriminator, SprintGenerator
from ganvas.nn.judgement import Judgement
from ganvas.recipes.overrides import overridden
from ganvas.recipes.points import points
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import RECIPES
from ganvas.recipes.wants import wants
from ganvas.space import Space

VARIANTS = {
    "sprint augmented": ("sprint", "augment=diffaugment"),
    "sprint hinge": ("sprint", "loss=hinge"),
    "sprint spectral": ("sprint", "discriminator.spectral_norm=true"),
    "sprint clipped": ("sprint", "bounds=clip"),
    "sprint wasserstein": ("sprint", "loss=wasserstein", "penalties=gradient-penalty"),
    "sprint many updates": ("sprint", "updates.discriminator=3", "updates.generator=2"),
    "dcgan least squares": ("dcgan", "loss=least-squares"),
    "dcgan augmented": ("dcgan", "augment=diffaugment"),
    "dcgan spectral": ("dcgan", "discriminator.norm=none", "discriminator.spectral_norm=true"),
    "wgan spectral": ("wgan", "bounds=none", "discriminator.norm=none", "discriminator.spectral_norm=true"),
    "sprint deviation": ("sprint", "discriminator.minibatch=deviation"),
    "sprint discrimination": ("sprint", "discriminator.minibatch=discrimination"),
    "sprint noise": ("sprint", "augment=instance-noise"),
    "sprint noise and cuts": ("sprint", "augment=diffaugment,instance-noise"),
    "sprint smoothed": ("sprint", "loss=non-saturating", "loss.label_smoothing=0.1"),
    "sprint unrolled": ("sprint", "unroll.steps=2"),
    "sprint unrolled spectral": ("sprint", "unroll.steps=1", "discriminator.spectral_norm=true", "augment=diffaugment"),
    "dcgan deviation": ("dcgan", "discriminator.minibatch=deviation"),
    "dcgan discrimination": ("dcgan", "discriminator.minibatch=discrimination"),
    "dcgan noise": ("dcgan", "augment=instance-noise"),
    "dcgan smoothed": ("dcgan", "loss.label_smoothing=0.1"),
    "dcgan unrolled": ("dcgan", "unroll.steps=2"),
    "wgan-gp deviation": ("wgan-gp", "discriminator.minibatch=deviation"),
    "wgan-gp discrimination": ("wgan-gp", "discriminator.minibatch=discrimination"),
    "wgan-gp noise": ("wgan-gp", "augment=instance-noise"),
    "wgan-gp smoothed": ("wgan-gp", "loss=non-saturating", "loss.label_smoothing=0.1"),
    "wgan-gp unrolled": ("wgan-gp", "unroll.steps=2"),
    "r3gan lazy": ("r3gan", "penalties.r1.every=4", "penalties.r2.every=2"),
    "r3gan deviation": ("r3gan", "discriminator.minibatch=deviation"),
    "r3gan discrimination": ("r3gan", "discriminator.minibatch=discrimination"),
    "r3gan noise": ("r3gan", "augment=instance-noise"),
    "r3gan smoothed": ("r3gan", "loss=minimax", "loss.label_smoothing=0.1"),
    "r3gan unrolled": ("r3gan", "unroll.steps=2"),
}
PACKED = ("sprint", "dcgan", "wgan-gp", "r3gan")
PLANE = Space(channels=2, height=1, width=1)
THIN = ("generator.width=8", "discriminator.width=8")


NARROW = {
    "pix2pix-l1": THIN[:1],
    "cyclegan": (*THIN, "generator.blocks=1", "pool=3"),
    "cyclegan-lecture": (*THIN, "generator.blocks=1", "pool=3"),
    "srresnet": (*THIN[:1], "generator.blocks=1"),
    # what a classifier sees needs weights that a newcomer has not
    "srgan": (*THIN, "generator.blocks=1", "content=l1"),
}


def varied(name: str, *settings: str) -> Callable[[Space], Recipe]:
    def make(space: Space) -> Recipe:
        return overridden(RECIPES[name](space), [*settings, *NARROW.get(name, THIN)])

    return wants(**getattr(RECIPES[name], "wants", {}))(make)


EVERY_LAW = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())


TRIED = {f"{name} {words}": (name, space) for name in RECIPES for words, space in spaces_for(varied(name)).items()}


@EVERY_LAW
@pytest.mark.parametrize("tried", TRIED)
def test_every_recipe_keeps_the_law(tried: str, law: Callable[[Recipe], None]) -> None:
    name, space = TRIED[tried]
    law(recipe_for(varied(name), space))


@EVERY_LAW
@pytest.mark.parametrize("variant", VARIANTS)
def test_other_choices_keep_the_law(variant: str, law: Callable[[Recipe], None]) -> None:
    """Any sound loss × penalty × bound × augmentation × architecture, here with classes."""
    law(recipe_for(varied(*VARIANTS[variant]), CONDITIONAL))


TRANSLATIONS = {
    "pix2pix in the authors' order": ("pix2pix", "first=discriminator"),
    "pix2pix relativistic": (
        *("pix2pix", "loss=relativistic", "discriminator.norm=none", "penalties=r1,r2", "augment=diffaugment"),
        *("average.half_life=100", "generator.norm=instance"),
    ),
    "pix2pix aware of matches": ("pix2pix", "weights.mismatched=0.5", "discriminator.norm=instance"),
    "pix2pix of pixels, blind": ("pix2pix", 'discriminator={"kind": "pixel", "norm": "none"}', "conditional=false"),
    "pix2pix residual": ("pix2pix", 'generator={"kind": "resnet", "blocks": 1, "antialias": true}'),
    "cyclegan relativistic": ("cyclegan", "loss=relativistic", "penalties=r1,r2", "first=discriminator"),
    "cyclegan residual, without a history": ("cyclegan", "generator.residual=true", "pool=0"),
    "srgan with a wasserstein critic": (
        *("srgan", "loss=wasserstein", "discriminator.norm=none", "penalties=gradient-penalty", "conditional=true"),
    ),
    "srresnet of a real world": ("srresnet", "degradation=real-world", "generator.skip=bilinear"),
}
CHANGED = {
    f"{words}, {where}": (settings, space)
    for words, settings in TRANSLATIONS.items()
    for where, space in spaces_for(varied(*settings)).items()
}


@EVERY_LAW
@pytest.mark.parametrize("changed", CHANGED)
def test_other_translations_keep_the_law(changed: str, law: Callable[[Recipe], None]) -> None:
    settings, space = CHANGED[changed]
    law(recipe_for(varied(*settings), space))


@EVERY_LAW
@pytest.mark.parametrize("name", PACKED)
def test_packs_keep_the_law(name: str, law: Callable[[Recipe], None]) -> None:
    """Packs of two, without classes; they are whole in each of two parts, so accumulation is exact without excuse."""
    law(recipe_for(varied(name, "discriminator.packing=2"), UNCONDITIONAL))


@EVERY_LAW
@pytest.mark.parametrize("settings", [(), ("discriminator.packing=2",), ("unroll.steps=2",)], ids="-".join)
def test_points_keep_the_law(settings: tuple[str, ...], law: Callable[[Recipe], None]) -> None:
    """The toys' recipe is in no table, for it is not meant for pictures. It plays by the same rules, lazy R1 and R2
    among them, on pictures of one pixel with a channel a coordinate."""
    law(recipe_for(lambda space: overridden(points(space), settings), PLANE))


@pytest.mark.parametrize("name", ["sprint", "wgan-gp"])
def test_the_law_of_resuming_is_kept_in_parts(name: str) -> None:
    """Gradient accumulation has randomness of its own in each part."""
    LAWS["resumes exactly"](recipe_for(varied(name), UNCONDITIONAL).but(parts=2))
    LAWS["only the mover moves"](recipe_for(varied(name), UNCONDITIONAL).but(parts=2))


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_the_laws_are_kept_at_full_width(name: str) -> None:
    """As published, but for what a classifier sees: VGG's weights are not a newcomer's."""
    blind = {"srgan": ("content=l1",)}.get(name, ())
    make = wants(**getattr(RECIPES[name], "wants", {}))(lambda space: overridden(RECIPES[name](space), blind))
    assert broken_laws(make) == {}


def test_a_trial_meets_what_a_run_meets() -> None:
    """Batches span epochs, and a full period holds every lazy term: lcm(4, 4) rounds for sprint."""
    assert PICTURES % BATCH
    assert period(Trial(recipe_for(RECIPES["sprint"], UNCONDITIONAL)).game) == 4
    assert period(Trial(recipe_for(varied(*VARIANTS["r3gan lazy"]), UNCONDITIONAL)).game) == 4


# --- planted faults: sprint's networks, each with one thing wrong ---------------------------------------------------


class Planted(SprintGenerator):
    """A generator whose network is another class; ``kind`` stays empty here, so that it does not register."""

    kind: Literal[""] = ""  # type: ignore[assignment]
    made: ClassVar[type[Generator]]

    def network(self, space: Space, prior: Prior) -> networks.Generator:
        return self.made(SprintGenerator(width=4), space, prior)


class PlantedJudge(SprintDiscriminator):
    """The same for the other side."""

    kind: Literal[""] = ""  # type: ignore[assignment]
    made: ClassVar[type[Discriminator]]

    def network(self, space: Space) -> networks.Discriminator:
        return self.made(SprintDiscriminator(width=4), space)


class IdleGenerator(Generator):
    """Has a weight that it never uses."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.forgotten = nn.Parameter(torch.zeros(1))


class DropoutGenerator(Generator):
    """Rolls dice when it is evaluated too."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(dropout(z, 0.5, training=True), condition)


class CompanyGenerator(Generator):
    """A picture depends on which others are asked for."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z - z.mean(0), condition)


class ForgetfulGenerator(Generator):
    """Keeps a tensor that no file knows of."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.secret = torch.randn(1)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z + self.secret, condition)


class CountingGenerator(Generator):
    """Its pictures fade with the number of calls, which no file knows of."""

    calls = 0

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        self.calls += self.training
        return super().forward(z, condition) / (1 + self.calls)


class NarrowGenerator(Generator):
    """Draws pictures a column too small."""

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z, condition)[..., :-1]


class ColumnJudge(Discriminator):
    """Logits (N, 1), which broadcast against (N,) without a word."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(super().forward(images, condition).logits[:, None])


class ClippingJudge(Discriminator):
    """Changes its own weights whenever it is asked, in the generator's turn too."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        with torch.no_grad():
            self.to_half.weight.mul_(0.99)
        return super().forward(images.clone(), condition)


class MixingJudge(Discriminator):
    """Looks at the whole batch without saying so."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return super().forward(images - images.mean(0), condition)


class Sharing:
    """Both networks hold the same layer: each in turn is the other's, so nobody may move it."""

    layer = nn.Linear(1, 1)


class SharingGenerator(Generator):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.shared = Sharing.layer

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(z, condition) * self.shared.weight + self.shared.bias


class SharingJudge(Discriminator):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.shared = Sharing.layer

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return super().forward(images * self.shared.weight + self.shared.bias, condition)


def planted(fault: type[Generator] | type[Discriminator], *more: type[Discriminator]) -> Recipe:
    """Sprint without penalties, with the faulty network in its place."""
    recipe = recipe_for(varied("sprint", "penalties=none"), UNCONDITIONAL)
    for made in (fault, *more):
        base = Planted if issubclass(made, Generator) else PlantedJudge
        role = "generator" if issubclass(made, Generator) else "discriminator"
        recipe = recipe.but(**{role: type(made.__name__, (base,), {"made": made, "__module__": __name__})()})
    return recipe


FAULTS: list[tuple[str, tuple[Any, ...], str]] = [
    ("shapes fit", (ColumnJudge,), r"logits of real are torch.Size\(\[4, 1\]\)"),
    ("only the mover moves", (IdleGenerator,), "no gradient ever reached generator.forgotten"),
    ("only the mover moves", (ClippingJudge,), "generator's turn changed discriminator.to_half.weight"),
    ("only the mover moves", (SharingGenerator, SharingJudge), r"no gradient ever reached .*generator\.shared\.weight"),
    ("evaluation is deterministic", (DropoutGenerator,), "sampling twice gives different pictures"),
    ("evaluation is deterministic", (CompanyGenerator,), "depends on what else is asked for"),
    ("resumes exactly", (CountingGenerator,), "differs after resuming"),
    ("accumulates exactly", (MixingJudge,), "differs between one part and two"),
]


@pytest.mark.parametrize(
    ("law", "fault", "finding"), FAULTS, ids=lambda x: x[0].__name__ if isinstance(x, tuple) else ""
)
def test_each_law_catches_its_fault(law: str, fault: tuple[Any, ...], finding: str) -> None:
    with pytest.raises(AssertionError, match=finding):
        LAWS[law](planted(*fault))


def test_what_fails_before_it_can_be_judged_is_a_finding_too() -> None:
    """Pictures of another size do not even stack beside the real ones."""
    with pytest.raises((AssertionError, RuntimeError)):
        LAWS["shapes fit"](planted(NarrowGenerator))


def test_a_weight_that_is_no_number_anywhere_is_found_by_shapes() -> None:
    class NanJudge(Discriminator):
        def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
            return Judgement(super().forward(images, condition).logits * torch.nan)

    with pytest.raises(AssertionError, match="not finite"):
        LAWS["shapes fit"](planted(NanJudge))


def test_a_description_that_changes_when_it_is_read_again_is_caught() -> None:
    class Growing(SprintGenerator):
        kind: Literal["growing-in-json"] = "growing-in-json"  # type: ignore[assignment]

        @model_validator(mode="before")
        @classmethod
        def _wider(cls, value: Any) -> Any:
            return {**value, "width": value.get("width", 4) + 1}

    try:
        recipe = recipe_for(varied("sprint"), UNCONDITIONAL).but(generator=Growing())
        with pytest.raises(AssertionError, match=r"generator\.width"):
            LAWS["survives json"](recipe)
    finally:
        del networks.GeneratorConfig.members["growing-in-json"]


def test_a_tensor_outside_the_file_is_caught() -> None:
    class Forgetful(Planted):
        kind: Literal["forgetful"] = "forgetful"  # type: ignore[assignment]
        made = ForgetfulGenerator

    try:
        recipe = recipe_for(varied("sprint"), UNCONDITIONAL).but(generator=Forgetful())
        with pytest.raises(AssertionError, match="the opened snapshot draws other pictures"):
            LAWS["snapshot reopens"](recipe)
    finally:
        del networks.GeneratorConfig.members["forgetful"]


def test_all_findings_of_a_gan_are_listed_by_law_and_space() -> None:
    def make(space: Space) -> Recipe:
        if space.condition is not None:
            raise ValueError("no classes here")
        return planted(IdleGenerator)

    broken = broken_laws(make)
    assert broken["shapes fit (conditional)"] == "ValueError: no classes here"
    assert "forgotten" in broken["only the mover moves (unconditional)"]
    assert {law for law in broken if law.endswith("(conditional)")} == {f"{law} (conditional)" for law in LAWS}
