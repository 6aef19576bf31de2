"""Compiled programs on disk: those that were cut off go before JAX reads them."""

import os
import platform
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from bestiary.train import jax_setup, programs

PROGRAM = zlib.compress(bytes(range(256)) * 500)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "xla-1"
    made.mkdir()
    return made


def put(folder: Path, name: str, content: bytes, age: float = 0.0) -> Path:
    path = folder / f"{name}-cache"
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.mark.parametrize("content", [b"", PROGRAM[:100], PROGRAM[:-1], PROGRAM[:90] + b"x" + PROGRAM[91:], b"garbage"])
def test_a_program_that_cannot_be_unpacked_goes(folder, content):
    bad, good = put(folder, "bad", content), put(folder, "good", PROGRAM)
    programs.sweep(folder.parent, folder)
    assert not bad.exists() and good.exists()


def test_only_what_is_newer_than_the_last_check_is_unpacked(folder, monkeypatch):
    put(folder, "old", PROGRAM, 60)
    programs.sweep(folder.parent, folder)
    put(folder, "new", PROGRAM)
    seen = []
    monkeypatch.setattr(programs, "whole", lambda path: seen.append(path.name) or True)
    programs.sweep(folder.parent, folder)
    assert seen == ["new-cache"]


def test_all_are_unpacked_once_a_week(folder):
    put(folder, "good", PROGRAM)
    programs.sweep(folder.parent, folder)
    bad = put(folder, "bad", b"spoilt", 5 * 86400)
    programs.sweep(folder.parent, folder)
    assert bad.exists()
    os.utime(folder / programs.CHECKED, (time.time() - programs.ALL - 60,) * 2)
    programs.sweep(folder.parent, folder)
    assert not bad.exists()


def test_programs_that_nobody_uses_go_with_their_folder(folder):
    other = folder.parent / "xla-0"
    other.mkdir()
    old, theirs = put(other, "old", PROGRAM, 40 * 86400), folder / "notes.txt"
    theirs.touch()
    os.utime(theirs, (0, 0))
    programs.sweep(folder.parent, folder)
    assert not old.exists() and not other.exists() and theirs.exists() and folder.exists()


def test_a_program_of_zstandard_is_judged_if_it_can_be_unpacked(folder):
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.ZstdCompressor().compress(bytes(9999))
    bad, good = put(folder, "bad", packed[:-9]), put(folder, "good", packed)
    programs.sweep(folder.parent, folder)
    assert not bad.exists() and good.exists()


def test_the_folder_tells_kinds_of_processor_apart(monkeypatch):
    here = jax_setup.processor()
    assert here.startswith(platform.machine().lower())
    monkeypatch.setattr(Path, "read_text", lambda *words: "model name : other\nflags\t: sse avx512\n")
    other = jax_setup.processor()
    monkeypatch.setattr(Path, "read_text", lambda *words: "flags\t: avx512 sse\n")
    assert other == jax_setup.processor() != here


COMPILED = """
import sys
from pathlib import Path
import jax
from bestiary.train.session import open_store

open_store(Path(sys.argv[1]))
print(int(jax.jit(lambda x: x * 3 + 1)(2)))
"""


def test_jax_starts_clean_after_its_programs_were_cut_off(tmp_path):
    def start():
        command = [sys.executable, "-c", COMPILED, str(tmp_path)]
        env = {k: v for k, v in os.environ.items() if not k.startswith("JAX_PERSISTENT")}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
        assert done.stdout == "7\n" and done.stderr == ""
        return {path: path.stat().st_size for path in tmp_path.glob("xla-*/*-cache")}

    whole = start()
    assert whole
    for path in whole:
        os.truncate(path, 20)
    again = start()
    assert {path.name for path in again} == {path.name for path in whole} and min(again.values()) > 20
