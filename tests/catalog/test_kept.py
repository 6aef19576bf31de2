"""What is kept of a reading comes back as it was, or not at all: damage, strangers and traps are no answer."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bestiary.catalog import kept

ADDRESS = kept.address([b"a"])
DATA = {"a": {"b": (1, 2.5, "x", True), "empty": ()}, "1e-3": 1e-3, "é\ud800": -0.0, "large": 2**1000}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where it is kept."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path))
    return tmp_path / "catalogs" / f"{ADDRESS}.json"


def forged(file, body):
    """A file whose digest is right."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(kept._digest(body) + b"\n" + body)


def test_it_comes_back_with_its_types(file):
    kept.put(ADDRESS, DATA)
    assert repr(kept.get(ADDRESS)) == repr(DATA)
    assert kept.get(kept.address([b"b"])) is None


def test_an_address_depends_on_every_part_and_their_order():
    parts = ([b"a", b"b"], [b"b", b"a"], [b"ab"], [b"ab", b""], [b"a"], [])
    assert len({kept.address(one) for one in parts}) == len(parts)


def test_the_code_of_a_module_is_its_text(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "one_of_mine.py").write_text("x = 1")
    package = tmp_path / "some_of_mine"
    package.mkdir()
    (package / "__init__.py").touch()

    def code():
        kept.code.cache_clear()
        return kept.code("one_of_mine", "some_of_mine")

    seen = [code()]
    for file, text in (("one_of_mine.py", "x = 2"), ("some_of_mine/__init__.py", "#"), ("some_of_mine/version.py", "")):
        (tmp_path / file).write_text(text or "VERSION = 1")
        seen.append(code())
    assert len(set(seen)) == 4 and not {"one_of_mine", "some_of_mine"} & set(sys.modules)
    with pytest.raises(FileNotFoundError):
        kept.code("none_of_mine")


@pytest.mark.parametrize("where", [0, 40, 70, -1])
def test_a_damaged_byte_is_seen(file, where):
    kept.put(ADDRESS, DATA)
    raw = bytearray(file.read_bytes())
    raw[where] ^= 1
    file.write_bytes(raw)
    assert kept.get(ADDRESS) is None


@pytest.mark.parametrize("length", [0, 1, 64, 65, 80])
def test_a_file_that_was_cut_off_is_seen(file, length):
    kept.put(ADDRESS, DATA)
    file.write_bytes(file.read_bytes()[:length])
    assert kept.get(ADDRESS) is None


FORGED = {
    "a list": b"[1]",
    "nothing": b"",
    "null": b"null",
    "no JSON": b"__import__('os')",
    "no UTF-8": b'{"a": "\xff"}',
    "deep": b'{"a":' * 50 + b"1" + b"}" * 50,
    "very deep": b"[" * 100_000 + b"]" * 100_000,
    "a number without end": b'{"a": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", FORGED.values(), ids=FORGED)
def test_what_nobody_here_has_written_is_not_used(file, body):
    forged(file, body)
    assert kept.get(ADDRESS) is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner")
def test_what_another_user_has_written_is_not_used(file, monkeypatch):
    kept.put(ADDRESS, DATA)
    owner, fstat = os.geteuid(), os.fstat
    monkeypatch.setattr(os, "fstat", lambda number: os.stat_result([*fstat(number)[:4], owner + 1, *fstat(number)[5:]]))
    assert kept.get(ADDRESS) is None
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert kept.get(ADDRESS) is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_a_folder_and_a_link_are_no_file(file, tmp_path):
    file.parent.mkdir()
    os.mkfifo(file)  # opening it would wait for a writer
    assert kept.get(ADDRESS) is None
    file.unlink()
    file.mkdir()
    assert kept.get(ADDRESS) is None
    file.rmdir()
    forged(tmp_path / "catalogs" / "elsewhere", b"{}")
    file.symlink_to("elsewhere")
    assert kept.get(ADDRESS) is None
    kept.put(ADDRESS, {"a": 1})  # the link goes, what it led to stays
    assert kept.get(ADDRESS) == {"a": 1} and (tmp_path / "catalogs" / "elsewhere").read_bytes().endswith(b"{}")


def test_what_cannot_be_kept_is_not(file, tmp_path, monkeypatch, capsys):
    (tmp_path / "catalogs").write_text("a file in the way")
    kept.put(ADDRESS, DATA)
    assert kept.get(ADDRESS) is None
    (tmp_path / "catalogs").unlink()

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    kept.put(ADDRESS, DATA)
    assert kept.get(ADDRESS) is None and list(file.parent.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_a_user_without_a_home_gets_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept, "cache_dir", lambda: Path("~/.cache/bestiary"))
    kept.put(ADDRESS, DATA)
    assert list(tmp_path.iterdir()) == [] and kept.get(ADDRESS) is None


def test_what_aliases_unfold_to_is_not_written(file, monkeypatch):
    text = "x" * 2**20
    kept.put(ADDRESS, {"a": (text,) * 40_000})  # 40 GB
    assert not file.exists()
    kept.put(ADDRESS, {"a": "é" * (kept.MOST // 2)})  # six characters each
    assert not file.exists()


def test_any_number_of_writers_and_readers_meet_whole_files(file, tmp_path):
    code = f"from bestiary.catalog import kept\nfor i in range(60): kept.put({ADDRESS!r}, {{'a': ('x' * 50_000,)}})"
    kept.put(ADDRESS, {"a": ("x" * 50_000,)})
    writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    seen = []
    with ThreadPoolExecutor(2) as pool:
        while any(writer.poll() is None for writer in writers):
            seen += pool.map(kept.get, [ADDRESS] * 8)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert all(one == {"a": ("x" * 50_000,)} for one in seen) and seen
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_old_ones_go_as_new_ones_come(file):
    for i in range(40):
        kept.put(kept.address([str(i).encode()]), {"i": i})
    there = [json.loads(path.read_bytes().partition(b"\n")[2])["i"] for path in file.parent.iterdir()]
    assert len(there) <= 16 and 39 in there
