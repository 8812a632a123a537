"""What to try against each fault, in the words of ``--set``, and only what this run's recipe can take."""

from __future__ import annotations

from ganvas.errors import GanvasError
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.schedule import Schedule, Value

MOST = 2
"""How many settings are named: more is no advice."""

PENALTIES = "penalties=r1,r2 | discriminator.norm=none penalties=r1,r2"
SETTINGS: dict[str, tuple[str, ...]] = {
    "mode collapse": (
        PENALTIES,
        "loss=relativistic",
        "discriminator.minibatch=deviation",
        "discriminator.packing=2",
        "optimizers.generator.lr=/4",
    ),
    "mode dropping": (
        "loss=relativistic",
        PENALTIES,
        "discriminator.packing=2",
        "discriminator.minibatch=deviation",
        "batch=*2",
    ),
    "discriminator overfitting": ("augment=diffaugment", PENALTIES, "discriminator.width=/2"),
    "generator starved of gradient": (
        "loss=non-saturating",
        PENALTIES,
        "optimizers.discriminator.lr=/4",
        "augment=instance-noise",
    ),
    "oscillation": (
        PENALTIES,
        "optimizers.generator.beta1=0 optimizers.discriminator.beta1=0",
        "optimizers.generator.lr=/4 optimizers.discriminator.lr=/4",
    ),
    "diverged": (
        "optimizers.generator.lr=/4 optimizers.discriminator.lr=/4",
        PENALTIES,
    ),
    "colour inversion": (
        "weights.identity=*2 | weights.identity=0.5",
        "content.l1.weight=*2",
        "optimizers.generator.lr=/4",
    ),
    "identity collapse": (
        "weights.content=0",
        "weights.identity=0",
        "weights.cycle=/2",
        "content.l1.weight=/4",
        "weights.generator=*4",
    ),
    "sameness": (
        "weights.cycle=*2",
        "content.l1.weight=*2",
        PENALTIES,
        "optimizers.generator.lr=/4",
    ),
    "grid artefacts": ("generator.antialias=true",),
    "pairs learnt by heart": ("augment=diffaugment", "generator.dropout=0.5", "generator.width=/2"),
}
"""Best first. ``=/4`` and ``=*2`` stand for a quarter and the double of what the recipe has; several settings with a
blank between belong together, and of those with a bar between the first that the recipe can take counts."""

BESIDE: dict[str, str] = {
    "colour inversion": "another --seed often begins the right way round",
    "grid artefacts": "it fades as training goes on, so look again before you change anything",
    "pairs learnt by heart": "the best so far is kept in best.safetensors; --mirror, and a larger --size around the "
    "same --crop, make more of the pairs there are",
}
"""What is no setting."""


def advice(kind: str, recipe: Recipe) -> str:
    """What to try, in one sentence; settings that the recipe has already, or cannot take, are passed over."""
    found = [settings for choices in SETTINGS[kind] if (settings := _first_taken(choices, recipe))][:MOST]
    words = ", or ".join(" ".join(f"--set {one}" for one in some) for some in found)
    said = [BESIDE[kind]] if kind in BESIDE else []
    if found:
        said.append(f"in a new run (--out) try {words}")
    return "; ".join(said) or "compare a run with another --seed, or another recipe (`ganvas recipes`)"


def _first_taken(choices: str, recipe: Recipe) -> list[str]:
    return next((taken for settings in choices.split(" | ") if (taken := _taken(settings.split(), recipe))), [])


def _taken(settings: list[str], recipe: Recipe) -> list[str]:
    """The settings spelled out, or none if they change nothing or something about them is refused."""
    try:
        spelled = [_spelled(setting, recipe) for setting in settings]
        changed = overridden(recipe, spelled)
    except (GanvasError, KeyError, AttributeError):
        return []
    new = [setting for setting in spelled if not _has(setting, recipe)]
    return spelled if new and recipe.differences(changed) else []


def _has(setting: str, recipe: Recipe) -> bool:
    """Whether these very penalties or augmentations are there already, if with other weights."""
    path, _, value = setting.partition("=")
    there = getattr(recipe, path, None)
    return isinstance(there, dict) and set(there) == set(value.split(","))


def _spelled(setting: str, recipe: Recipe) -> str:
    path, _, value = setting.partition("=")
    if value[0] not in "/*":
        return setting
    factor = float(value[1:]) if value[0] == "*" else 1 / float(value[1:])
    old = recipe
    for key in path.split("."):
        old = old[key] if isinstance(old, dict) else getattr(old, key)
    return f"{path}={_times(old, factor)}"  # type: ignore[arg-type]


def _times(value: Value, factor: float) -> str:
    """As ``--set`` takes it."""
    if isinstance(value, Schedule):
        return f"{value.start * factor:g}->{value.end * factor:g}"
    return f"{round(value * factor) if isinstance(value, int) else value * factor:g}"
