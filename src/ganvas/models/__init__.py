"""One file an architecture. Importing this package makes every ``kind`` known, so that `--set generator=rrdb` and
snapshots find theirs whether or not some recipe begins with it."""

from ganvas.models import compact, dcgan, mlp, patchgan, r3gan, resnet_translator, rrdb, sprint, srgan, unet

__all__ = ["compact", "dcgan", "mlp", "patchgan", "r3gan", "resnet_translator", "rrdb", "sprint", "srgan", "unet"]
