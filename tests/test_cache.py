"""The cache folder: which it is, what goes from it by itself, what goes when asked and what never does."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bestiary import cache, files

ADDRESS = "0123456789abcdef" * 2


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 100)
    os.utime(path, (time.time() - days * 86400,) * 2)
    return path


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path):
    """A cache with files of an entry, of another, of JAX, and of somebody else."""
    for name in (f"runs/bowl/{ADDRESS}.nc", f"runs/bowl/{ADDRESS}.part", f"runs/pit/{ADDRESS}.nc"):
        aged(tmp_path / name, 1)
    aged(tmp_path / f"catalogs/{ADDRESS * 2}.json", 1)
    for name in (
        "catalogs/thesis.json",
        "runs/pit/notes.txt",
        "thesis.tex",
        "xla-1/jit_a-cache",
        "xla-1/.checked",
        "xla-mine/thesis.tex",
    ):
        aged(tmp_path / name, 1)
    return tmp_path


# Which it is.


def test_the_variable_goes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path))
    assert cache.cache_dir() == tmp_path


def test_a_checkout_has_its_own_and_an_installed_package_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("BESTIARY_CACHE_DIR", raising=False)
    monkeypatch.setattr(files, "checkout", lambda: tmp_path)
    assert cache.cache_dir() == tmp_path / ".cache"
    monkeypatch.setattr(files, "checkout", lambda: None)
    assert cache.cache_dir().name == "bestiary"


def test_a_checkout_that_cannot_be_written_leaves_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("BESTIARY_CACHE_DIR", raising=False)
    monkeypatch.setattr(files, "checkout", lambda: tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cache.cache_dir().name == "bestiary"


@pytest.mark.skipif(shutil.which("make") is None or files.checkout() is None, reason="needs make and a checkout")
def test_make_and_the_plain_command_keep_runs_in_the_same_folder():
    env = {name: value for name, value in os.environ.items() if name not in ("BESTIARY_CACHE_DIR", "MAKEFLAGS")}
    command = [sys.executable, "-c", "from bestiary.cache import cache_dir; print(cache_dir())"]
    shown = f"shown: ; @cd /; {shlex.join(command)}"
    how = {"cwd": files.checkout(), "env": env, "capture_output": True, "text": True, "check": True}
    by_make = subprocess.run(["make", "--silent", f"--eval={shown}", "shown"], **how).stdout
    assert by_make == subprocess.run(command, **how).stdout == f"{files.checkout() / '.cache'}\n"


# What goes by itself.


def test_only_leftovers_and_what_nobody_uses_goes(tmp_path):
    kept = [aged(tmp_path / "bowl" / name, 29) for name in (f"{ADDRESS}.nc", f"{ADDRESS}.part")]
    kept += [aged(tmp_path / "bowl" / "notes.txt", 99), aged(tmp_path / f"{ADDRESS}.nc", 99), tmp_path / "bowl/.a.tmp"]
    kept[-1].touch()
    other = ADDRESS[::-1]
    for name in (f"{other}.nc", f"{other}.part", ".b.tmp", "old.nc.4711.tmp"):
        aged(tmp_path / "bowl" / name, 31)
    cache.sweep(tmp_path)
    assert names(tmp_path) == {str(path.relative_to(tmp_path)) for path in kept}


def test_a_sweep_goes_through_no_link(tmp_path):
    mine = aged(tmp_path / "mine" / f"{ADDRESS}.nc", 99)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "bowl").symlink_to(mine.parent)
    cache.sweep(tmp_path / "runs")
    assert mine.is_file()


def test_a_sweep_takes_no_longer_than_it_may(tmp_path, monkeypatch):
    for i in range(9):
        aged(tmp_path / "bowl" / f"{i:032x}.nc", 99)
    monkeypatch.setattr(cache, "LONGEST", -1.0)
    cache.sweep(tmp_path)
    assert len(names(tmp_path)) == 9


def test_of_catalogs_the_newest_stay_and_what_nobody_uses_goes(tmp_path):
    new = [aged(tmp_path / f"catalogs/{i:064x}.json", i / 10) for i in range(cache.NEWEST + 3)]
    old, mine = aged(tmp_path / f"catalogs/{ADDRESS * 2}.json", 31), aged(tmp_path / "catalogs/thesis.json", 99)
    left = aged(tmp_path / "catalogs/.0.tmp", 1)
    cache.sweep_catalogs(tmp_path)
    assert {*(tmp_path / "catalogs").iterdir()} == {*new[: cache.NEWEST], mine}
    for path in new[1:]:
        path.unlink(missing_ok=True)
    aged(old, 31)
    cache.sweep_catalogs(tmp_path)
    assert {*(tmp_path / "catalogs").iterdir()} == {new[0], mine} and not left.exists()


def test_what_is_used_is_dated_once_a_day(tmp_path):
    old, new = aged(tmp_path / "a", 29), aged(tmp_path / "b", 0.5)
    before = new.stat().st_mtime
    for path in (old, new, tmp_path / "gone"):
        cache.mark_used(path)
    assert time.time() - old.stat().st_mtime < 60 and new.stat().st_mtime == before


# What goes when asked.


def test_what_is_kept_is_counted(folder):
    bowl, pit = cache.kept_runs(folder)
    assert (bowl.name, bowl.cells, bowl.checkpoints, bowl.size) == ("bowl", 1, 1, 200)
    assert (pit.name, pit.cells, pit.checkpoints, pit.size) == ("pit", 1, 0, 100)
    assert cache.kept_programs(folder).size == cache.kept_catalogs(folder).size == 100


def test_one_entry_goes_and_all_else_stays(folder):
    before = names(folder)
    assert cache.clear(folder, ["bowl"]) == 200
    assert before - names(folder) == {f"runs/bowl/{ADDRESS}.nc", f"runs/bowl/{ADDRESS}.part"}
    assert not (folder / "runs" / "bowl").exists()


def test_all_goes_but_what_is_somebody_elses(folder):
    cache.clear(folder)
    assert names(folder) == {"catalogs/thesis.json", "runs/pit/notes.txt", "thesis.tex", "xla-mine/thesis.tex"}


def test_a_folder_of_catalogs_alone_is_a_cache(tmp_path):
    aged(tmp_path / f"catalogs/{ADDRESS * 2}.json", 1)
    assert cache.clear(tmp_path) == 100 and list(tmp_path.iterdir()) == []


def test_a_folder_of_another_kind_is_refused(tmp_path):
    aged(tmp_path / "thesis.tex", 0)
    with pytest.raises(NotADirectoryError, match="no cache"):
        cache.clear(tmp_path)
    assert names(tmp_path) == {"thesis.tex"}
