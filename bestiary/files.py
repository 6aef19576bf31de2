"""Find the files of the package, and write others whole.

Standard library only: `bestiary detect` starts with it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """Find the checkout that the package runs from; None for an installed package."""
    above = PACKAGE.parent
    return above if (above / "pyproject.toml").is_file() and (above / "catalog.yaml").is_file() else None


def locate(name: str) -> Path:
    """Find the file of that name that came with the package: beside it in a wheel, above it in a checkout."""
    packed = PACKAGE / "data" / name
    return packed if packed.is_file() else PACKAGE.parent / name


def measured() -> Path:
    """Find the folder of what was measured; a wheel holds the part of it that `bestiary detect` tells of."""
    packed = PACKAGE / "measured_data"
    return packed if packed.is_dir() else PACKAGE.parent / "benchmarks" / "measured"


def modules(package: str) -> set[str]:
    """Name the files in `phenomena` or `detectors`; imports none of them."""
    spec = find_spec(f"bestiary.{package}")
    folders = (spec and spec.submodule_search_locations) or ()
    return {file.stem for folder in folders for file in Path(folder).glob("[!_]*.py")}


def replace_with(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one move, on disk before it has its name."""
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
