"""`bestiary cache`: it shows what is kept, and removes what it is asked to."""

import os

import pytest

from bestiary.cli import main as cli
from bestiary.cli.cache import size

ADDRESS = "0123456789abcdef" * 2


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "cache"
    runs = (f"runs/bowl/{ADDRESS}.nc", f"runs/bowl/{ADDRESS}.part", f"runs/pit/{ADDRESS}.nc")
    for name in (*runs, "xla-1/jit_a-cache", f"catalogs/{ADDRESS * 2}.json"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(bytes(1200))
    return made


@pytest.fixture
def cache(folder, capsys, monkeypatch):
    """words -> (exit status, standard output, standard error), with a folder that is kept."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(folder))

    def run(*words):
        with pytest.raises(SystemExit) as end:
            cli.main(["cache", *map(str, words)])
        return end.value.code or 0, *capsys.readouterr()

    return run


def test_it_shows_cells_checkpoints_programs_and_sizes(cache, folder):
    status, out, err = cache()
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        [str(folder)],
        ["entry", "cells", "checkpoints", "size"],
        ["bowl", "1", "1", "2.4", "kB"],
        ["pit", "1", "0", "1.2", "kB"],
        ["compiled", "programs", "1", "1.2", "kB"],
        ["parsed", "catalogs", "1", "1.2", "kB"],
    ]
    assert "pit" not in cache("bowl")[1]


def test_it_clears_an_entry_or_all(cache, folder):
    assert cache("--clear", "--yes", "pit") == (0, "removed the runs of pit: 1.2 kB\n", "")
    assert sorted(path.name for path in (folder / "runs").iterdir()) == ["bowl"]
    assert cache("--clear", "--yes")[1] == "removed all runs, compiled programs and parsed catalogs: 4.8 kB\n"
    assert list(folder.iterdir()) == []
    assert cache("--clear", "--yes")[:2] == (0, f"{folder}: nothing to remove\n")


def test_it_asks_first(cache, folder, monkeypatch):
    status, out, err = cache("--clear")
    assert status == 2 and err == "cache --clear: nobody can be asked here; say --yes\n" and out == ""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for answer, left in ((False, True), (True, False)):
        monkeypatch.setattr("click.confirm", lambda text, answer=answer, **how: answer)
        assert cache("--clear", "bowl")[0] == 0
        assert (folder / "runs" / "bowl").exists() == left


def test_what_is_no_cache_is_refused(cache, tmp_path, folder):
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "thesis.tex").touch()
    status, _, err = cache("--clear", "--yes", "--cache", other)
    assert status == 2 and "no cache of bestiary" in err and os.listdir(other) == ["thesis.tex"]
    status, _, err = cache("--clear", "--yes", "../../thesis")
    assert status == 2 and "nothing is kept of it" in err and "there are runs of bowl, pit" in err
    assert len(list(folder.rglob("*.nc"))) == 2


SIZES = {0: "0 B", 999: "999 B", 1000: "1 kB", 12_340: "12.3 kB", 999_960: "1 MB", 456_000_000: "456 MB"}


def test_sizes_have_three_digits():
    assert {n: size(n) for n in SIZES} == SIZES
