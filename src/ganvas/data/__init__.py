"""From a folder, archive, array or name to pictures in a uint8 memory map: `open_data(DataSpec(source="digits"))`."""

from ganvas.data.dataset import Dataset, open_data
from ganvas.data.spec import DataSpec

__all__ = ["DataSpec", "Dataset", "open_data"]
