"""The package as it is installed, with a catalog of one's own, and its command in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bestiary import detectors
from bestiary.catalog.parsed import catalog_path
from bestiary.files import PACKAGE


def layout(to: Path, text: str, setups: dict[str, str]) -> Path:
    """The package as a wheel lays it out, with this catalog and these setups; returns what goes on PYTHONPATH."""
    package = to / "site" / "bestiary"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "data", "detectors", "phenomena"))
    shutil.copytree(Path(detectors.__file__).parent, package / "detectors")
    (package / "phenomena").mkdir()
    (package / "phenomena" / "__init__.py").touch()
    for key, source in setups.items():
        (package / "phenomena" / f"{key}.py").write_text(source)
    (package / "data").mkdir()
    (package / "data" / "catalog.yaml").write_text(text)
    for name in ("references.bib", "open_questions.json"):
        shutil.copy(catalog_path().parent / name, package / "data")
    return to / "site"


def bestiary(*words, site=None, cache=None, **more):
    """Run a command; returns the finished process."""
    env = os.environ | {"PYTHONWARNINGS": "ignore"}
    env |= {"PYTHONPATH": str(site)} if site else {}
    env |= {"BESTIARY_CACHE_DIR": str(cache)} if cache else {}
    more = {"cwd": site} | more if site else more  # a checkout as current folder would go first
    command = [sys.executable, "-m", "bestiary", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=300, **more)
