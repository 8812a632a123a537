"""From a folder, archive, array or name to pictures on the disk: `open_data(DataSpec(source="digits"))`.

Pictures to translate between: `open_translation(DataSpec(source="facades.zip", direction="BtoA", size=286, crop=256))`.
"""

from ganvas.data.dataset import Dataset, open_data
from ganvas.data.spec import DataSpec
from ganvas.data.translation import Translations, open_translation

__all__ = ["DataSpec", "Dataset", "Translations", "open_data", "open_translation"]
