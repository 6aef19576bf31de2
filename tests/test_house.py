"""The house: imports point one way, no circle among modules, nothing inside asks the front door, links are links."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"bestiary": "bestiary", "detectors": "bestiary.detectors", "phenomena": "bestiary.phenomena"}

# Each wing with those directly below it: a wing may import from all that lie below it, at any depth. Detectors and
# entries are found by the names of their files, so nothing names one but an entry its detector.
BELOW: dict[str, tuple[str, ...]] = {
    "version": (),
    "files": (),
    "cache": ("files",),
    "one_line": (),
    "special_files": (),
    "notebook": (),
    "about": (),
    "log": ("notebook",),
    "initial": (),
    "observables": (),
    "fact_table": (),
    "single_location": ("initial",),
    "networks": ("initial",),
    "entry": ("log",),
    "detectors": ("about", "log"),
    "phenomena": ("detectors", "entry", "fact_table", "networks", "observables", "single_location"),
    "train": ("cache", "entry", "version"),
    "catalog": ("cache", "entry", "one_line", "special_files", "version"),
    "judge": ("catalog", "train"),
    "maps": ("judge",),
    "labelled": ("judge",),
    "logs": ("one_line", "special_files", "train"),  # it reads the files in which train keeps runs
    "watch": ("about", "logs"),
    "callbacks": ("watch",),
    "why": ("catalog", "watch"),
    "certify": ("watch",),
    "figures": ("maps", "watch"),
    "site": ("figures",),
    "cli": ("certify", "labelled", "site", "why"),
    "__main__": ("cli",),
    "api": ("cli",),
}


class Import(NamedTuple):
    """A module of ours that is imported, and where."""

    module: str
    line: int


def sources(root: Path) -> dict[str, Path]:
    """Return {module: file} of the three folders; what lies behind a link is found where it really is."""
    made = {}
    for folder, package in FOLDERS.items():
        top = root / folder
        for file in sorted(top.rglob("*.py")):
            inside = file.relative_to(top)
            if not any((top / above).is_symlink() for above in inside.parents):
                parts = (package, *inside.with_suffix("").parts)
                made[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return made


def imports(module: str, source: str, known: dict[str, Path]) -> Iterator[Import]:
    """Yield what a module imports of ours: at its top, in functions and for the type checker alone."""
    package = module if known[module].name == "__init__.py" else module.rpartition(".")[0]

    def of(name: str, line: int) -> Iterator[Import]:
        while name not in known and "." in name:
            name = name.rpartition(".")[0]  # a name in a module
        if name in known:
            yield Import(name, line)

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from of(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield from of(f"{base}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                yield from of(node.args[0].value, node.lineno)


def wing(module: str) -> str:
    """Return the wing of a module: the part after `bestiary`."""
    return module.split(".")[1] if "." in module else "bestiary"


def below(name: str) -> set[str]:
    """Return all wings that lie below a wing."""
    return {lower for direct in BELOW[name] for lower in (direct, *below(direct))}


def circles(graph: dict[str, set[str]]) -> list[str] | None:
    """Return the modules of a circle in a graph, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


@pytest.fixture(scope="module")
def known() -> dict[str, Path]:
    return sources(ROOT)


@pytest.fixture(scope="module")
def graph(known) -> dict[str, list[Import]]:
    return {module: list(imports(module, file.read_text("utf-8"), known)) for module, file in known.items()}


def test_every_form_of_import_is_seen():
    known = {name: Path("x.py") for name in ("bestiary.log", "bestiary.train.runs", "bestiary.train.store")}
    known |= {name: Path("__init__.py") for name in ("bestiary", "bestiary.train")}
    source = """
import bestiary.log as log
from bestiary.log import Log
from bestiary import log, __version__
if TYPE_CHECKING:
    from bestiary.train import runs
def late():
    from .store import Store
    from .. import log
    import_module("bestiary.train.runs")
    import numpy
"""
    seen = [(found.line, found.module) for found in imports("bestiary.train.runs", source, known)]
    assert sorted(seen) == [
        (2, "bestiary.log"),
        (3, "bestiary.log"),
        (4, "bestiary"),
        (4, "bestiary.log"),
        (6, "bestiary.train.runs"),
        (8, "bestiary.train.store"),
        (9, "bestiary.log"),
        (10, "bestiary.train.runs"),
    ]


def test_a_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) is None
    assert set(circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) or ()) == {"b", "c"}


def test_every_module_has_its_place(known):
    assert circles({name: set(lower) for name, lower in BELOW.items()}) is None
    assert {wing(module) for module in known} - {"bestiary"} == set(BELOW)


def test_imports_point_down(graph):
    up = [
        f"{module}:{found.line} imports {found.module}"
        for module, all_found in graph.items()
        for found in all_found
        if wing(module) not in ("bestiary", wing(found.module))
        and wing(found.module) != "bestiary"
        and wing(found.module) not in below(wing(module))
    ]
    assert up == []


def test_nothing_inside_imports_the_front_door(graph):
    """bestiary/__init__.py stands above all wings; its lazy names would hide an arrow that points up."""
    asked = [f"{m}:{found.line}" for m, all_found in graph.items() for found in all_found if found.module == "bestiary"]
    assert asked == []


def test_no_circle_among_modules(graph):
    assert circles({m: {found.module for found in all_found} - {m} for m, all_found in graph.items()}) is None


def test_the_front_door_is_light():
    heavy = ("jax", "xarray", "numpy")
    told = f"import bestiary, sys; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", ["phenomena", "detectors"])
def test_a_checkout_has_the_links_that_editors_follow(name):
    link = ROOT / "bestiary" / name
    assert link.is_symlink() and link.readlink() == Path("..") / name
    assert link.resolve() == ROOT / name
    listed = ["git", "ls-files", "--stage", f"bestiary/{name}"]
    tracked = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert tracked[:1] == ["120000"] and tracked[-1] == f"bestiary/{name}"
