"""A run as one file: packed to load elsewhere, and unpacked whole or not at all, whatever the file holds."""

from kpod.run_archive.contents import KINDS, archive_name, run_files
from kpod.run_archive.importing import Imported, import_archive, import_folder, import_run
from kpod.run_archive.packing import export_run

__all__ = [
    "KINDS",
    "Imported",
    "archive_name",
    "export_run",
    "import_archive",
    "import_folder",
    "import_run",
    "run_files",
]
