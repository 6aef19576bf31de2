"""Compressed logs are read as what is in them, and are never unpacked without end."""

import bz2
import gzip
import lzma
import subprocess
import sys
import types

import pytest
from bounded import frugal, refused
from log_files import asked, read_one

from bestiary.logs import packed

GOOD = "step,loss\n" + "".join(f"{t},{1 / (1 + t)}\n" for t in range(300))
JSONL = "".join(f'{{"step": {t}, "loss": {1 / (1 + t)}}}\n' for t in range(300))
TEXT = "".join(f"step {t} loss {1 / (1 + t)}\n" for t in range(300))
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def piped(given):
    """What the command says of standard input."""
    words = [sys.executable, "-m", "bestiary", "detect", "-"]
    return subprocess.run(words, input=given, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".log", ""])
@pytest.mark.parametrize("pack", PACK)
def test_what_is_in_it_is_read(pack, ending, tmp_path):
    text = {".csv": GOOD, ".jsonl": JSONL}.get(ending, TEXT)
    path = tmp_path / f"x{ending}{pack}"
    path.write_bytes(PACK[pack](text.encode()))
    assert read_one(path).log["train_loss"].steps.size == 300
    if ending:  # without one it is not looked at in a folder
        assert asked(tmp_path).exit_code == 0


def test_whatever_its_name(tmp_path):
    (tmp_path / "x.csv").write_bytes(gzip.compress(GOOD.encode()))
    assert read_one(tmp_path / "x.csv").log["train_loss"].steps.size == 300


def test_on_standard_input():
    done = piped(gzip.compress(GOOD.encode()))
    assert (done.returncode, done.stderr) == (0, b"")
    done = piped(gzip.compress(b"hello\n"))
    assert done.returncode == 2 and done.stderr.startswith(b"standard input: ")


def test_one_that_is_still_being_written(tmp_path):
    whole = gzip.compress(GOOD.encode(), mtime=0)
    (tmp_path / "x.csv.gz").write_bytes(whole[: len(whole) // 2])
    reading = read_one(tmp_path / "x.csv.gz")
    assert 50 < reading.log["train_loss"].steps.size < 300
    assert "the compressed file is cut off; read as far as it goes" in reading.notes


@pytest.mark.parametrize("pack", PACK)
def test_a_bomb(pack, tmp_path):
    (tmp_path / f"x.log{pack}").write_bytes(PACK[pack](bytes(packed.MOST + 1)))
    with frugal():
        assert "is more than 256 MiB when unpacked; unpack it, and keep" in refused(tmp_path / f"x.log{pack}")


def test_one_in_another(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(gzip.compress(GOOD.encode())))
    assert "is compressed twice; unpack it first" in refused(tmp_path / "x.csv.gz")


def test_nothing_in_it(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b""))
    assert "is empty when unpacked" in refused(tmp_path / "x.csv.gz")


def test_zstandard_needs_a_library(tmp_path, monkeypatch):
    path = tmp_path / "x.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + GOOD.encode())
    for name in "compression", "compression.zstd", "zstandard":
        monkeypatch.setitem(sys.modules, name, None)
    assert refused(path).endswith("is compressed with zstd: pip install zstandard, or unpack it with `unzstd`")
    one = types.SimpleNamespace(stream_reader=lambda file, **_: (file.read(4), file)[1])
    monkeypatch.setitem(sys.modules, "zstandard", types.SimpleNamespace(ZstdDecompressor=lambda: one))
    assert read_one(path).log["train_loss"].steps.size == 300
