"""From what a user says (a recipe's name, some data) to a session that is ready to play."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganvas.data.dataset import Dataset, open_data
from ganvas.data.doctor import FEW_PICTURES, suggest_recipe
from ganvas.data.spec import DataSpec
from ganvas.data.translation.advice import advised, directed, sized
from ganvas.data.translation.opening import open_translation
from ganvas.data.translation.translations import Translations
from ganvas.errors import GanvasError
from ganvas.recipes.overrides import overridden
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.table import MakeRecipe, find_recipe
from ganvas.recipes.wants import wanted
from ganvas.snapshot import open_snapshot
from ganvas.space import Space
from ganvas.training.plan import Plan, measure
from ganvas.training.run import Run, agree
from ganvas.training.runtime import Runtime, detect
from ganvas.training.session import Session
from ganvas.training.state import read_state

Say = Callable[[str], None]
PACKAGED = "digits"
"""What is trained on where nothing is said; there is nothing to translate it from."""


@dataclass(frozen=True)
class Request:
    """What can be asked of a training; None means: find out."""

    data: DataSpec
    recipe: str | MakeRecipe | None = None
    out: Path | None = None
    images: int | None = None
    minutes: float | None = None
    start: str | Path | None = None
    settings: Sequence[str] = ()
    seed: int = 0
    device: str = "auto"

    @property
    def says_how_long(self) -> bool:
        """Whether a number of images is asked for, by its own option or among the settings."""
        return self.images is not None or any(setting.startswith("images=") for setting in self.settings)


@dataclass(frozen=True)
class Prepared:
    """A request with its recipe resolved against the data, and the machine it will run on."""

    request: Request
    recipe: Recipe
    data: Dataset | Translations
    runtime: Runtime
    out: Path

    @property
    def run(self) -> Run:
        return Run(self.out)

    def plan(self) -> Plan:
        """Measured cost; see `measure`."""
        return measure(self.recipe, self.data, self.runtime)


def prepare(
    request: Request, say: Say = lambda text: None, on_data: Callable[[int, int], None] | None = None
) -> Prepared:
    """Open the data, choose and resolve the recipe; nothing is written yet.

    Raises:
        GanvasError: data, recipe, setting or device cannot be used; each in one line.
    """
    make, spec, data = _chosen(request, say, on_data)
    recipe = _made(make, data.space).but(data=spec, seed=request.seed)
    _belong_together(recipe, data)
    for line in described(data):
        say(line)
    recipe = overridden(_augmented(recipe, len(data.images), say), request.settings)
    recipe = recipe.but(images=request.images or recipe.images)
    if len(data.images) < recipe.batch:
        say(f"{len(data.images):,} pictures are fewer than a batch of {recipe.batch}: they will be learnt by heart")
    runtime = detect(request.device, recipe.precision)
    out = request.out or Path("runs") / f"{data.name}-{recipe.name}"
    return Prepared(request, recipe, data, runtime, out)


def open_session(prepared: Prepared, say: Say = lambda text: None) -> Session:
    """Begin the run, or go on with it where its state stands.

    Raises:
        GanvasError: the directory belongs to another recipe or other data, or its state is damaged.
    """
    run, recipe, request = prepared.run, prepared.recipe, prepared.request
    # the leader's answer for all: whoever looks after it has written the recipe would take the run for an old one
    resumes = bool(prepared.runtime.agreed(run.recipe_file.exists()))
    if resumes:
        recipe = agree(run, recipe if request.says_how_long else recipe.but(images=run.recipe().images))
        _not_fewer(run, recipe)
        _same_data(run, prepared.data)
    else:
        if request.minutes is not None:
            images = int(prepared.runtime.agreed(prepared.plan().images(request.minutes)))
            recipe = recipe.but(images=_whole_rounds(images, recipe.batch))
            say(f"{request.minutes:g} min: about {recipe.images:,} images on this machine")
        recipe = recipe.but(horizon=recipe.images)
    session = Session(recipe, prepared.data, run, prepared.runtime)
    if request.start is not None and not resumes:
        warm_start(session, request.start)
    session.resume()
    if session.runtime.leads:
        facts = {"name": prepared.data.name, "fingerprint": prepared.data.fingerprint, **prepared.data.summary}
        run.write_json("data.json", facts)
    return session


def _not_fewer(run: Run, recipe: Recipe) -> None:
    """What has been seen cannot be unseen, and a recipe that asks for less would not be what was trained."""
    before = run.recipe().images
    if recipe.images >= before or not run.state_file.exists():
        return
    seen = read_state(run.state_file)["progress"]["images"]
    if recipe.images + recipe.batch <= seen:  # the last round is whole
        raise GanvasError(
            f"{run.path} has seen {seen:,} images already, more than images={recipe.images}: ask for more, leave "
            f"--images out (it ends at {before:,}), or begin anew with another --out"
        )


def _belong_together(recipe: Recipe, data: Dataset | Translations) -> None:
    translates = "translate" in recipe.abilities
    if translates and not isinstance(data, Translations):
        raise GanvasError(
            f"{recipe.name} cuts windows from pictures as they are: say --crop 96, or so, and leave --size out"
        )
    if isinstance(data, Translations) and not translates:
        raise GanvasError(f"{recipe.name} translates nothing: leave out --direction and --crop; --size says how large")


def described(data: Dataset | Translations) -> list[str]:
    """What a user should know about the data before they are trained on: of translations, what becomes what."""
    if not isinstance(data, Translations):
        return []
    held_out = len(data.held_out) if data.held_out else 0
    counts = f"{len(data):,} {'pairs' if data.paired else 'pictures'} to train on, {held_out:,} held out"
    what = data.names[1] if data.sources is None else f"{data.names[0]} into {data.names[1]}"
    return [f"{data.name}: {what}, {counts}", *data.summary.get("notes", ())]


def _chosen(
    request: Request, say: Say, on_data: Callable[[int, int], None] | None
) -> tuple[MakeRecipe, DataSpec, Dataset | Translations]:
    """The recipe asked for and the data as it wants them; or the data as they are and the recipe that suits them."""
    spec = request.data
    if request.recipe is not None:
        make = request.recipe if callable(request.recipe) else find_recipe(request.recipe)
        spec = _wanted(make, spec)
    elif (advice := advised(spec)) is not None:
        name, reason, spec = advice
        say(f"recipe {name}: {reason}")
        make = find_recipe(name)
        spec = _wanted(make, spec)
    else:
        data = _opened(spec, on_data)
        return find_recipe(_suggested(data, request, say)), spec, data
    return make, spec, _opened(spec, on_data)


def _wanted(make: MakeRecipe, given: DataSpec) -> DataSpec:
    """What the user says of the data, and beyond that what the recipe wants; but small pictures are not enlarged to its
    size."""
    fields = wanted(make, given.model_dump(exclude_defaults=True))
    told = given.but(**fields)
    if told.direction is not None and told.source == PACKAGED:
        raise GanvasError("what should be translated? give --data, a folder or zip (see `ganvas inspect`)")
    if told.crop is not None and told.direction is None:
        return directed(told)
    if "size" not in fields or told.direction is None:
        return told
    native = sized(told.but(size=None, crop=None))
    return native if native.size is not None else told


def _opened(spec: DataSpec, on_data: Callable[[int, int], None] | None) -> Dataset | Translations:
    return open_translation(spec, on_data) if spec.translates else open_data(spec, on_data)


def _made(make: MakeRecipe, space: Space) -> Recipe:
    """What the user's or our own function makes of the space."""
    try:
        recipe = make(space)
    except GanvasError:
        raise
    except Exception as error:  # the user's own code may fail in any way
        raise GanvasError(f"the recipe fails for {space}: {type(error).__name__}: {error}") from error
    if not isinstance(recipe, Recipe):
        raise GanvasError(f"a recipe is a function from Space to Recipe; this one returned {type(recipe).__name__}")
    return recipe


def _suggested(data: Dataset | Translations, request: Request, say: Say) -> str:
    on_gpu = detect(request.device).place.device.type == "cuda"
    name, reason = suggest_recipe(data.space, on_gpu)
    say(f"recipe {name}: {reason}")
    return name


def _augmented(recipe: Recipe, count: int, say: Say) -> Recipe:
    augmented = recipe.for_few_pictures() if count < FEW_PICTURES else recipe
    if augmented != recipe:
        say(f"DiffAugment is on: {count:,} pictures are few (--set augment=none turns it off)")
    return augmented


def _whole_rounds(images: int, batch: int) -> int:
    return max(1, images // batch) * batch


def _same_data(run: Run, data: Dataset | Translations) -> None:
    known = run.read_json("data.json").get("fingerprint", data.fingerprint)
    if known != data.fingerprint:
        raise GanvasError(
            f"{run.path} was started with other pictures than {data.name} holds now; choose another --out"
        )


def warm_start(session: Session, start: str | Path) -> None:
    """Networks from a snapshot; where it lies in a run directory, the ones it leaves out come from the run's state, if
    it knows them: a srgan that begins from a srresnet has a discriminator of its own."""
    snapshot = open_snapshot(start)
    others: dict[str, dict[str, torch.Tensor]] = {}
    if (state_file := Run(Path(start)).state_file).is_file():
        states: dict[str, Any] = read_state(state_file)
        for role in session.game.networks.keys() - snapshot.networks.keys():
            learns = any(True for _ in session.game.networks[role].parameters())  # a history of fakes is not taken over
            if learns and (state := states.get(f"network/{role}")) is not None:
                others[role] = state
    session.warm_start(snapshot, others)


def train(
    recipe: str | MakeRecipe | None = None,
    *,
    data: str,
    out: str | Path | None = None,
    images: int | None = None,
    minutes: float | None = None,
    size: int | tuple[int, int] | None = None,
    crop: int | tuple[int, int] | None = None,
    direction: str | None = None,
    limit: int | None = None,
    labels: str | None = None,
    mirror: bool = False,
    start: str | Path | None = None,
    settings: Sequence[str] = (),
    seed: int = 0,
    device: str = "auto",
) -> Run:
    """Train a GAN, or go on with a run; the Python side of ``ganvas train``.

    Args:
        recipe: a name of ``ganvas recipes``, a function from `Space` to `Recipe`, or None for the recommended one.
        data: a packaged or known name, a folder, a zip, an ``.npz`` or idx files.
        out: the run directory, by default ``runs/<data>-<recipe>``; the same call again resumes.
        images: how many real images to see. minutes: or how long to train, measured once at the start.
        size, crop, direction, limit, labels, mirror: see `DataSpec`.
        start: a snapshot or run to begin from.
        settings: changes such as ``"penalties.r1.gamma=1"``.

    Raises:
        GanvasError: anything that the user can mend, in one line.
    """
    told = {"size": size, "limit": limit, "labels": labels, "crop": crop, "direction": direction}
    given = {name: value for name, value in told.items() if value is not None}
    spec = DataSpec.model_validate({"source": data, "mirror": mirror, **given})
    place = Path(out) if out is not None else None
    prepared = prepare(Request(spec, recipe, place, images, minutes, start, settings, seed, device))
    session = open_session(prepared)
    session.play()
    return session.run
