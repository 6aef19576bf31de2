"""Which source files decide an entry's runs, and a hash of them."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

from bestiary import files
from bestiary.train import store, trainer


def code_of(key: str) -> str:
    """Hash of the sources that decide an entry's runs: its own file, the trainer, and what it imports of core."""
    own = import_module(f"bestiary.phenomena.{key}").__file__
    assert own is not None  # a module found by file name has a file
    return store.code_hash(Path(own), *sources(Path(own)))


def sources(file: Path) -> set[Path]:
    """The modules of core that a setup's numbers depend on; how its curves are judged is none of them."""
    core = files.PACKAGE
    found, left = {Path(trainer.__file__), core / "entry.py"}, [file]
    while left:
        tree = ast.parse(left.pop().read_text("utf-8"))
        names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
        paths = {core / f"{name.removeprefix('bestiary.')}.py" for name in names if name.startswith("bestiary.")}
        new = {path for path in paths if path.is_file() and path.name != "log.py"} - found
        found |= new
        left += new
    return found
