"""Hash the text that an entry's file leads to, without importing it: coarser than the walk, and without JAX."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from bestiary.files import PACKAGE, folders
from bestiary.train.source.imports import imported_names
from bestiary.train.source.parsed import bare_text

ELSEWHERE = ("phenomena", "detectors")  # packages that may lie beside the package's folder
OPAQUE = ("about", "log", "notebook")  # what is said of runs and detectors decides no run and no verdict


def text_hash(file: Path) -> str:
    """Hash the text of a setup's file, of the trainer, and of all modules of bestiary that the file leads to.

    Docstrings, comments and annotations do not count. A name that is imported and not used does, unlike in
    `bestiary.train.source.walk`.

    Args:
        file: of the setup.

    Returns:
        16 hexadecimal digits.
    """
    texts: dict[str, str] = {}
    left = [("", file), ("train.trainer", PACKAGE / "train" / "trainer.py")]
    while left:
        name, path = left.pop()
        if name in texts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        if name != "train.trainer":  # what the trainer imports is how it is run, and how it is checked
            left += _imported(tree, f"bestiary.{name or f'phenomena.{file.stem}'}")
        texts[name] = bare_text(tree)
    h = hashlib.sha256()
    for name, text in sorted(texts.items()):
        h.update(f"{name}: {text}\0".encode())
    return h.hexdigest()[:16]


def _imported(tree: ast.AST, module: str) -> list[tuple[str, Path]]:
    """The modules of bestiary that some text imports, with their files."""
    names = imported_names(tree, module)
    own = {name.removeprefix("bestiary.") for name in names if name.startswith("bestiary.")} - {*OPAQUE}
    found = {name: _file(name.split(".")) for name in own}
    return [(name, path) for name, path in sorted(found.items()) if path is not None]


def _file(parts: list[str]) -> Path | None:
    """The file of a module; None for a package, or for a name within a module."""
    places = [PACKAGE]
    if parts[0] in ELSEWHERE:
        places, parts = folders(parts[0]), parts[1:]
    files = [place.joinpath(*parts).with_suffix(".py") for place in places if parts]
    return next((file for file in files if file.is_file()), None)
