"""Where the package keeps its files, and how it writes others.

Standard library only: `bestiary detect` starts with it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path


def locate(name: str) -> Path:
    """The file of that name that came with the package: beside it in a wheel, above it in a checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "data" / name
    return packed if packed.is_file() else here.parent / name


def modules(package: str) -> set[str]:
    """Names of the files in `phenomena` or `detectors`; imports none of them."""
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
