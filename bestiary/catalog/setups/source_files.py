"""Find the files of entries and detectors, to be read and not imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def source_file(package: str, name: str) -> Path:
    """Find a file in `phenomena` or `detectors`.

    Args:
        package: phenomena or detectors.
        name: of the file, without its ending.

    Raises:
        ValueError: there is no such file; in one line.
    """
    spec = find_spec(f"bestiary.{package}")
    files = [Path(folder) / f"{name}.py" for folder in (spec and spec.submodule_search_locations) or ()]
    file = next((file for file in files if file.is_file()), None)
    if file is None or not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"no file {package}/{name}.py")
    return file
