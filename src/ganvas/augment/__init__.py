"""What a discriminator sees in place of the pictures themselves."""

from ganvas.augment.augmented import Augment, Augmented
from ganvas.augment.diffaugment import DiffAugment
from ganvas.augment.noise import InstanceNoise

__all__ = ["Augment", "Augmented", "DiffAugment", "InstanceNoise"]
