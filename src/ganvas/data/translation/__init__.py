"""Pictures to translate between: `open_translation(DataSpec(source="facades.zip", direction="BtoA", crop=256))`."""

from ganvas.data.translation.opening import open_translation
from ganvas.data.translation.translations import Translations, as_network, flipped_windows, windows

__all__ = ["Translations", "as_network", "flipped_windows", "open_translation", "windows"]
