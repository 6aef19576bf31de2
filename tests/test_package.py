"""The wheel holds the tree and nothing else, and every file is one module under one name."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"bestiary": "bestiary", "detectors": "bestiary/detectors", "phenomena": "bestiary/phenomena"}
DATA = ("catalog.yaml", "catalog.schema.json", "detect.schema.json", "references.bib")
MEASURED = ("detectors.json", "grokking*.json")  # of benchmarks/measured, what `detect` reads

# Imports every module of ours; prints each loaded name whose file is ours, with the file.
IMPORT_ALL = """
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

packages = [import_module("bestiary")]
for package in packages:
    for module in iter_modules(package.__path__, package.__name__ + "."):
        made = import_module(module.name)
        if module.ispkg:
            packages.append(made)
packages += [import_module("bestiary.detectors"), import_module("bestiary.phenomena")]  # by their links, or without
homes = {Path(package.__file__).resolve().parent for package in packages if package.__file__}
for name, module in sorted(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if file and Path(file).resolve().parent in homes:
        print(name, Path(file).resolve(), sep="\\t")
"""


def run(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What the command prints; if it fails, all that it said is the test's failure."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=os.environ | (env or {}), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tree() -> dict[PurePosixPath, bytes]:
    """Every file of the working tree that git does not ignore."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    return {PurePosixPath(name): (ROOT / name).read_bytes() for name in listed if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def wheel(tree: dict[PurePosixPath, bytes], tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy: building in the checkout would leave a build/ there, and ship from it next time."""
    copy = tmp_path_factory.mktemp("tree")
    for file, content in tree.items():
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        (copy / file).write_bytes(content)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", copy / "dist", cwd=copy)
    (made,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(made)


def test_wheel_is_the_tree(tree: dict[PurePosixPath, bytes], wheel: zipfile.ZipFile) -> None:
    """Each file of the three folders and of the data, byte for byte; not a file more."""
    want = {f"bestiary/data/{name}": tree[PurePosixPath(name)] for name in DATA}
    for file, content in tree.items():
        if file.parent == PurePosixPath("benchmarks/measured") and any(map(file.match, MEASURED)):
            want[f"bestiary/measured_data/{file.name}"] = content
        if file.parts[0] in PACKAGES:
            want["/".join((PACKAGES[file.parts[0]], *file.parts[1:]))] = content
    got = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    assert sorted(got) == sorted(want)
    assert [name for name in want if got[name] != want[name]] == []
    assert "bestiary/py.typed" in got


def test_wheel_metadata(tree: dict[PurePosixPath, bytes], wheel: zipfile.ZipFile) -> None:
    info = {name.partition(".dist-info/")[2]: wheel.read(name) for name in wheel.namelist() if ".dist-info/" in name}
    assert info["top_level.txt"].split() == [b"bestiary"]
    assert b"bestiary = bestiary.cli.main:main" in info["entry_points.txt"].splitlines()
    assert b"License-Expression: Apache-2.0" in info["METADATA"].splitlines()
    assert info["licenses/LICENSE"] == tree[PurePosixPath("LICENSE")] != b""


def test_editions_agree(tree: dict[PurePosixPath, bytes], wheel: zipfile.ZipFile) -> None:
    """The version is written in three places; a release that forgets one is not reproducible by name."""
    import bestiary

    edition = bestiary.__version__
    assert f"bestiary-{edition}.dist-info/METADATA" in wheel.namelist()
    assert f'version: "{edition}"' in tree[PurePosixPath("CITATION.cff")].decode().splitlines()
    section = "Unreleased" if "dev" in edition else edition
    assert f"\n## [{section}]" in tree[PurePosixPath("CHANGELOG.md")].decode()


def test_no_python_at_the_root(tree: dict[PurePosixPath, bytes]) -> None:
    """bestiary.data is the root, so a .py there would ship as bestiary.data.<name>."""
    assert [str(file) for file in tree if len(file.parts) == 1 and file.suffix == ".py"] == []


def test_entries_and_detectors_lie_flat(tree: dict[PurePosixPath, bytes]) -> None:
    """A file's name is its key: there is no room for a second of that name."""
    assert [str(file) for file in tree if file.parts[0] in ("detectors", "phenomena") and len(file.parts) > 2] == []


@pytest.mark.parametrize("start", ["checkout", "wheel"])
def test_one_file_one_module(start: str, tmp_path: Path, wheel: zipfile.ZipFile) -> None:
    """Everything imports, and no file under two names. A checkout that is the current folder goes before a wheel."""
    home = ROOT if start == "checkout" else tmp_path.resolve()
    if start == "wheel":
        wheel.extractall(home)
    lines = run(sys.executable, "-c", IMPORT_ALL, cwd=home).splitlines()
    files = dict(line.split("\t") for line in lines)
    assert len(files) > 3
    assert [name for name in files if name.partition(".")[0] != "bestiary"] == []
    assert len(set(files.values())) == len(files)
    assert [file for file in files.values() if home not in Path(file).parents] == []
