"""A small checkout under git: the package, its detectors, a few setups with their blocks, and nothing else."""

import shutil
import subprocess
from pathlib import Path

import saddle

from bestiary import detectors
from bestiary.catalog.parsed import catalog_path
from bestiary.files import PACKAGE

LEFT = ("__pycache__", "data", "detectors", "measured_data", "phenomena")
HEAD = "# yaml-language-server: $schema=catalog.schema.json\n# One block per entry, sorted by key.\n"


def git(root: Path, *words: str) -> str:
    """What git prints, as somebody without a configuration of their own."""
    who = ("-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(root), *who, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def checkout(to: Path, blocks: dict[str, str], setups: dict[str, str]) -> Path:
    """Make a checkout of these blocks, in the order of their keys, and commit it.

    Args:
        to: folder that is made.
        blocks: {key: block of catalog.yaml}.
        setups: {key: text of phenomena/KEY.py}.
    """
    shutil.copytree(PACKAGE, to / "bestiary", ignore=shutil.ignore_patterns(*LEFT))
    shutil.copytree(Path(detectors.__file__).parent, to / "detectors", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("detectors", "phenomena"):
        (to / "bestiary" / name).symlink_to(Path("..") / name)
    (to / "phenomena").mkdir()
    (to / "phenomena" / "__init__.py").touch()
    for key, source in setups.items():
        (to / "phenomena" / f"{key}.py").write_text(source)
    (to / "catalog.yaml").write_text(HEAD + "\n".join(blocks[key] for key in sorted(blocks)))
    for name in ("references.bib", "open_questions.json"):
        shutil.copy(catalog_path().parent / name, to)
    (to / "pyproject.toml").write_text('[project]\nname = "bestiary"\n')
    (to / ".gitignore").write_text("__pycache__/\n.cache/\n")
    (to / "docs" / "figures").mkdir(parents=True)
    (to / "docs" / "figures" / "figures.toml").write_text("")
    git(to, "init", "--quiet")
    git(to, "add", ".")
    git(to, "commit", "--quiet", "-m", "begin")
    return to


def saddles(to: Path, *keys: str) -> Path:
    """Make a checkout of the smallest entry under each of these keys."""
    blocks = {key: saddle.BLOCK.replace("saddle:", f"{key}:", 1) for key in keys}
    return checkout(to, blocks, dict.fromkeys(keys, saddle.SETUP))
