"""The wheel holds the tree and nothing else, and every file is one module under one name."""

import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"bestiary": "bestiary", "detectors": "bestiary/detectors", "phenomena": "bestiary/phenomena"}
DATA = ("catalog.yaml", "catalog.schema.json", "detect.schema.json", "open_questions.json", "references.bib")
MEASURED = ("*.json",)  # of benchmarks/measured

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


@dataclass(frozen=True)
class Tree:
    """The working tree: what git does not ignore."""

    files: dict[PurePosixPath, bytes]
    links: dict[PurePosixPath, Path]  # with what each says

    def copy(self, to: Path, links: bool = True) -> Path:
        """Write it all to a folder; links stay links, or become the text files that a checkout without links has."""
        for file, content in self.files.items():
            (to / file).parent.mkdir(parents=True, exist_ok=True)
            (to / file).write_bytes(content)
        for link, target in self.links.items():
            (to / link).parent.mkdir(parents=True, exist_ok=True)
            if links:
                (to / link).symlink_to(target)
            else:
                (to / link).write_text(target.as_posix(), "utf-8")
        return to


@pytest.fixture(scope="module")
def tree() -> Tree:
    """Every file and every link of the working tree that git does not ignore."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    names = [PurePosixPath(name) for name in listed if name]
    links = {name: (ROOT / name).readlink() for name in names if (ROOT / name).is_symlink()}
    files = {name: (ROOT / name).read_bytes() for name in names if name not in links and (ROOT / name).is_file()}
    return Tree(files, links)


def built(folder: Path, kind: str) -> Path:
    """Build one distribution in a copy: in the checkout a build/ would be left, and ship next time."""
    run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", folder / "dist", cwd=folder)
    (made,) = (folder / "dist").iterdir()
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    """Return what a wheel holds by name; none twice."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        assert len(names) == len(set(names))
        return {name: opened.read(name) for name in names}


@pytest.fixture(scope="module")
def wheel(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tree.copy(tmp_path_factory.mktemp("tree")), "wheel")


@pytest.fixture(scope="module")
def held(wheel: Path) -> dict[str, bytes]:
    return contents(wheel)


def test_wheel_is_the_tree(tree: Tree, held: dict[str, bytes]) -> None:
    """Each file of the three folders and of the data, byte for byte; not a file more, and none twice by a link."""
    want = {f"bestiary/data/{name}": tree.files[PurePosixPath(name)] for name in DATA}
    for file, content in tree.files.items():
        if file.parent == PurePosixPath("benchmarks/measured") and any(map(file.match, MEASURED)):
            want[f"bestiary/measured_data/{file.name}"] = content
        if file.parts[0] in PACKAGES:
            want["/".join((PACKAGES[file.parts[0]], *file.parts[1:]))] = content
    got = {name: content for name, content in held.items() if ".dist-info/" not in name}
    assert sorted(got) == sorted(want)
    assert [name for name in want if got[name] != want[name]] == []
    assert "bestiary/py.typed" in got
    assert {PurePosixPath(f"bestiary/{name}") for name in ("phenomena", "detectors")} == set(tree.links)


def test_a_checkout_without_links_makes_the_same_wheel(tree: Tree, held: dict[str, bytes], tmp_path: Path) -> None:
    """As git leaves it on Windows: a link is a text file that says where it points."""
    copy = tree.copy(tmp_path, links=False)
    assert (copy / "bestiary" / "phenomena").read_text("utf-8") == "../phenomena"
    assert contents(built(copy, "wheel")) == held


def test_the_sdist_makes_the_same_wheel(tree: Tree, held: dict[str, bytes], tmp_path: Path) -> None:
    made = built(tree.copy(tmp_path / "tree"), "sdist")
    with tarfile.open(made) as opened:
        opened.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("bestiary-*")
    assert contents(built(folder, "wheel")) == held


def test_wheel_metadata(tree: Tree, held: dict[str, bytes]) -> None:
    info = {name.partition(".dist-info/")[2]: content for name, content in held.items() if ".dist-info/" in name}
    assert info["top_level.txt"].split() == [b"bestiary"]
    assert b"bestiary = bestiary.cli.main:main" in info["entry_points.txt"].splitlines()
    assert b"License-Expression: Apache-2.0" in info["METADATA"].splitlines()
    for file in ("LICENSE", "bestiary/site/assets/uPlot.LICENSE.txt"):
        assert info[f"licenses/{file}"] == tree.files[PurePosixPath(file)] != b""


def test_editions_agree(tree: Tree, held: dict[str, bytes]) -> None:
    """The version is written in three places; a release that forgets one is not reproducible by name."""
    import bestiary

    edition = bestiary.__version__
    assert f"bestiary-{edition}.dist-info/METADATA" in held
    assert f'version: "{edition}"' in tree.files[PurePosixPath("CITATION.cff")].decode().splitlines()
    section = "Unreleased" if "dev" in edition else edition
    assert f"\n## [{section}]" in tree.files[PurePosixPath("CHANGELOG.md")].decode()


def test_no_python_at_the_root(tree: Tree) -> None:
    """bestiary.data is the root, so a .py there would ship as bestiary.data.<name>."""
    assert [str(file) for file in tree.files if len(file.parts) == 1 and file.suffix == ".py"] == []


def test_entries_and_detectors_lie_flat(tree: Tree) -> None:
    """A file's name is its key: there is no room for a second of that name."""
    nested = [file for file in tree.files if file.parts[0] in ("detectors", "phenomena") and len(file.parts) > 2]
    assert list(map(str, nested)) == []


@pytest.mark.parametrize("start", ["checkout", "wheel"])
def test_one_file_one_module(start: str, tmp_path: Path, wheel: Path) -> None:
    """Everything imports, and no file under two names. A checkout that is the current folder goes before a wheel."""
    home = ROOT if start == "checkout" else tmp_path.resolve()
    if start == "wheel":
        zipfile.ZipFile(wheel).extractall(home)
    lines = run(sys.executable, "-c", IMPORT_ALL, cwd=home).splitlines()
    files = dict(line.split("\t") for line in lines)
    assert len(files) > 3
    assert [name for name in files if name.partition(".")[0] != "bestiary"] == []
    assert len(set(files.values())) == len(files)
    assert [file for file in files.values() if home not in Path(file).parents] == []
