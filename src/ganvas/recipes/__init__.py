"""Published GANs as descriptions. Importing this package makes every ``kind`` known that recipes in files refer to."""

from ganvas.recipes.table import RECIPES, find_recipe

__all__ = ["RECIPES", "find_recipe"]
