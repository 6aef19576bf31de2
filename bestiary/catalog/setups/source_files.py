"""Find the files of entries and detectors, to be read and not imported."""

from __future__ import annotations

from pathlib import Path

from bestiary.files import folders


def source_file(package: str, name: str) -> Path:
    """Find a file in `phenomena` or `detectors`.

    Args:
        package: phenomena or detectors.
        name: of the file, without its ending.

    Raises:
        ValueError: there is no such file; in one line.
    """
    file = next((file for folder in folders(package) if (file := folder / f"{name}.py").is_file()), None)
    if file is None or not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"no file {package}/{name}.py")
    return file
