"""Every recipe by its name: a new GAN is one line here. Being listed earns the whole battery of contract tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from ganvas.config import suggest
from ganvas.errors import GanvasError
from ganvas.recipes.cyclegan import cyclegan, cyclegan_lecture
from ganvas.recipes.dcgan import dcgan
from ganvas.recipes.pix2pix import pix2pix, pix2pix_l1
from ganvas.recipes.r3gan import r3gan
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.sprint import sprint
from ganvas.recipes.srgan import srgan, srresnet
from ganvas.recipes.wgan import wgan
from ganvas.recipes.wgan_gp import wgan_gp
from ganvas.space import Space

MakeRecipe = Callable[[Space], Recipe]

RECIPES: dict[str, MakeRecipe] = {
    "sprint": sprint,
    "dcgan": dcgan,
    "wgan": wgan,
    "wgan-gp": wgan_gp,
    "r3gan": r3gan,
    "pix2pix": pix2pix,
    "pix2pix-l1": pix2pix_l1,
    "cyclegan": cyclegan,
    "cyclegan-lecture": cyclegan_lecture,
    "srresnet": srresnet,
    "srgan": srgan,
}


def find_recipe(name: str) -> MakeRecipe:
    """A recipe of the table, or ``path/to/my_gan.py:function`` from a file of the user's own.

    Raises:
        GanvasError: no such recipe, file or function.
    """
    if ".py" in name:
        path, _, function = name.partition(":")
        return _from_file(Path(path), function or "recipe")
    if name not in RECIPES:
        raise GanvasError(f"no recipe is called '{name}'; {suggest(name, RECIPES)}; or give my_gan.py:recipe")
    return RECIPES[name]


def load_code(path: Path) -> object:
    """Run a file of the user's own, so that the configs it defines are known; once a process.

    Raises:
        GanvasError: the file is missing or fails.
    """
    if not path.is_file():
        raise GanvasError(f"{path}: no such file; a recipe from outside is named my_gan.py:recipe")
    module_name = f"ganvas outside {path.resolve()}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise GanvasError(f"{path} fails when it is loaded: {type(error).__name__}: {error}") from error
    return module


def _from_file(path: Path, function: str) -> MakeRecipe:
    make = getattr(load_code(path), function, None)
    if not callable(make):
        raise GanvasError(f"{path} has no function '{function}'; it should take a Space and return a Recipe")
    return make  # type: ignore[no-any-return]
