"""The files of the checkout as they were at a revision of git, in a folder of their own."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEEDED = (  # what decides runs and verdicts, and what reads it
    *("bestiary", "detectors", "phenomena", "pyproject.toml"),
    *("catalog.yaml", "references.bib", "open_questions.json"),
)
SINCE = "..."  # ends a revision that stands for where the branch left it, as in `git diff main...`


def commit_of(root: Path, revision: str) -> str:
    """Return the commit that a revision names; of `REV...` the last one that REV and the checkout share.

    Raises:
        ValueError: there is no such revision, no checkout of git, or no git; in one line.
    """
    name = revision.removesuffix(SINCE)
    if not name or name.startswith("-"):
        raise ValueError(f"{revision}: want a revision of git, such as HEAD, main or main...")
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
    except ValueError as error:
        text = (
            str(error)
            or f"no such revision; `git log` has them, and in a shallow clone `git fetch origin {name}` helps"
        )
        raise ValueError(f"{revision}: {text}") from None
    if not revision.endswith(SINCE):
        return commit
    try:
        return _git(root, "merge-base", "HEAD", commit).decode().strip()
    except ValueError:
        raise ValueError(f"{revision}: the checkout has no commit in common with {name}") from None


@contextmanager
def exported(root: Path, commit: str) -> Iterator[Path]:
    """Write the files of a commit into a temporary folder, which is gone afterwards.

    Args:
        root: of the checkout.
        commit: whose files.

    Raises:
        ValueError: git cannot tell; in one line.
    """
    there = _git(root, "ls-tree", "--name-only", commit).decode().split("\n")
    raw = _git(root, "archive", "--format=tar", commit, "--", *(name for name in NEEDED if name in there))
    with tempfile.TemporaryDirectory(prefix="bestiary-") as folder:
        with tarfile.open(fileobj=io.BytesIO(raw)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder).resolve()


def _git(root: Path, *words: str) -> bytes:
    """What git prints.

    Raises:
        ValueError: it fails, with nothing to say; or it is not there, or no checkout, in one line.
    """
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True)
    except OSError:
        raise ValueError("git is not there") from None
    if done.returncode:
        none = b"not a git repository" in done.stderr
        raise ValueError("no checkout of git" if none else done.stderr.decode(errors="replace").strip())
    return done.stdout
