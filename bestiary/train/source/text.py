"""Hash the text that an entry's file leads to, without importing it: coarser than the walk, and without JAX."""

from __future__ import annotations

import ast
import hashlib
from importlib.util import find_spec
from pathlib import Path

from bestiary.files import PACKAGE
from bestiary.train.source.parsed import bare

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
        texts[name] = ast.unparse(bare(tree))
        if name != "train.trainer":  # what the trainer imports is how it is run, and how it is checked
            left += _imported(tree)
    h = hashlib.sha256()
    for name, text in sorted(texts.items()):
        h.update(f"{name}: {text}\0".encode())
    return h.hexdigest()[:16]


def _imported(tree: ast.AST) -> list[tuple[str, Path]]:
    """The modules of bestiary that some text imports, with their files."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    own = {name.removeprefix("bestiary.") for name in names if name.startswith("bestiary.")} - {*OPAQUE}
    found = {name: _file(name.split(".")) for name in own}
    return [(name, path) for name, path in sorted(found.items()) if path is not None]


def _file(parts: list[str]) -> Path | None:
    """The file of a module; None for a package, or for a name within a module."""
    folder = PACKAGE
    if parts[0] in ELSEWHERE:
        spec = find_spec(f"bestiary.{parts[0]}")
        places = list(spec.submodule_search_locations or ()) if spec else []
        folder, parts = Path(places[0]) if places else PACKAGE / parts[0], parts[1:]
    if not parts:
        return None
    path = folder.joinpath(*parts).with_suffix(".py")
    return path if path.is_file() else None
