"""Files are written whole: under a name that nobody foresees, beside other writers, whatever happens."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bestiary import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_of_a_writer_that_is_interrupted_is_not_left(tmp_path, monkeypatch):
    (tmp_path / "kept").write_bytes(b"old")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.replace_with(tmp_path / "kept", b"new")
    assert names(tmp_path) == ["kept"] and (tmp_path / "kept").read_bytes() == b"old"


def test_threads_that_write_one_path_never_meet(tmp_path):
    path, torn = tmp_path / "cell", 0
    with ThreadPoolExecutor(3) as pool:
        writers = [
            pool.submit(files.replace_with, path, letter * 100_000) for letter in (b"a", b"b") for _ in range(60)
        ]
        while not all(writer.done() for writer in writers):
            content = path.read_bytes() if path.exists() else b""
            torn += content not in (b"", b"a" * 100_000, b"b" * 100_000)
        for writer in writers:
            writer.result()
    assert torn == 0 and names(tmp_path) == ["cell"]


def test_a_temporary_name_is_never_foreseen_nor_followed(tmp_path, monkeypatch):
    """Even a guessed name is not opened if something is there, a link least of all."""
    made = iter(["guessed", "guessed", "other"])
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: next(made))
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / ".guessed.tmp").symlink_to("victim")
    files.replace_with(tmp_path / "cell", b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious" and not (tmp_path / "cell").is_symlink()
    assert names(tmp_path) == [".guessed.tmp", "cell", "victim"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_others_may_read_what_was_written_if_the_umask_lets_them(tmp_path):
    before = os.umask(0o027)
    try:
        files.replace_with(tmp_path / "cell", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "cell").stat().st_mode & 0o777 == 0o640


def test_a_file_taken_for_a_leftover_is_written_again(tmp_path, monkeypatch):
    """A sweep from another machine, where locks do not reach."""
    fsync, first = os.fsync, []

    def swept(number):
        fsync(number)
        if not first:
            first.extend(tmp_path.glob("*.tmp"))
            first[0].unlink()

    monkeypatch.setattr(os, "fsync", swept)
    files.replace_with(tmp_path / "cell", b"new")
    assert first and (tmp_path / "cell").read_bytes() == b"new"


WRITER = """
import os, sys, time
from pathlib import Path
from bestiary import files

os.fsync = lambda number: print("written", flush=True) or time.sleep(60)
files.replace_with(Path(sys.argv[1]), b"new")
"""


@pytest.mark.skipif(files.fcntl is None, reason="locks of Unix")
def test_a_leftover_is_known_by_the_end_of_its_writer(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "cell")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "written\n"
        (part,) = tmp_path.glob("*.tmp")
        for age in (60, 10 * 86400):
            os.utime(part, (time.time() - age,) * 2)
            assert files.abandoned(part) == (age > files.PATIENCE)
        os.utime(part, (time.time() - 60,) * 2)
        writer.kill()
    assert files.abandoned(part)
    os.utime(part)
    assert not files.abandoned(part)  # so young a file may not have been locked yet


def test_without_locks_the_age_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "fcntl", None)
    part = tmp_path / ".a.tmp"
    part.touch()
    for age, gone in ((60, False), (files.PATIENCE + 60, True)):
        os.utime(part, (time.time() - age,) * 2)
        assert files.abandoned(part) == gone


def test_a_probe_leaves_nothing_and_makes_nothing(tmp_path):
    files.probe(tmp_path)
    files.probe(tmp_path / "a" / "b")
    assert names(tmp_path) == []


def test_a_probe_finds_what_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("gone")
    for folder in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / "nowhere"):
        with pytest.raises(OSError):
            files.probe(folder)
