"""ganvas, the GAN workbench."""

__version__ = "0.1.0"
