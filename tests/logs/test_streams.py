"""Standard input and pipes are read once, whole; what is no file is refused before it is opened."""

import os
import socket
import subprocess
import sys

import pytest
from log_files import LOGS

from bestiary.logs import formats

CSV = "step,loss\n" + "".join(f"{t},{1 / (1 + t)}\n" for t in range(40))
REFUSED = "no file; pipe what comes out of it into `bestiary detect -`"


def command(words, given=b"", shell=False):
    """The command in a process of its own, which has to end within a minute."""
    asked = [sys.executable, "-m", "bestiary", *map(str, words)]
    if shell:
        asked = ["bash", "-c", " ".join(map(str, words)).replace("bestiary", f"{sys.executable} -m bestiary", 1)]
    return subprocess.run(asked, input=given, capture_output=True, timeout=60, check=False)


def said(done):
    (line,) = done.stderr.decode().splitlines()
    return line


@pytest.mark.parametrize("path", ["-", "/dev/stdin"])
@pytest.mark.parametrize(
    "given",
    [
        CSV.encode(),
        CSV.encode("utf-16"),
        (LOGS / "nested.jsonl").read_bytes(),
        (LOGS / "trainer_state.json").read_bytes(),
    ],
    ids=["csv", "utf-16", "jsonl", "json"],
)
def test_a_log_on_standard_input(path, given):
    done = command(["detect", path, "--fail-on", "never"], given)
    assert (done.returncode, done.stderr) == (0, b"")
    name = "standard input" if path == "-" else path
    assert done.stdout.decode().startswith(name) and b"1 run: " in done.stdout


def test_a_log_from_a_process_substitution(tmp_path):
    (tmp_path / "x.csv").write_text(CSV)
    done = command(["bestiary", "detect", f"<(cat {tmp_path / 'x.csv'})"], shell=True)
    assert (done.returncode, done.stderr) == (0, b"") and b"1 run: 0 found" in done.stdout


@pytest.mark.parametrize(
    "given, says",
    [
        (b"", "standard input: is empty; a log has at least one row"),
        (b"\0\1\2", "standard input: is binary, and of no format that is read here; export it as CSV or JSON Lines"),
        (b"step,loss\n", "standard input: has a header and no row; want a line of names and one row for each step"),
    ],
)
def test_what_is_no_log_is_told_by_its_name(given, says):
    done = command(["detect", "-"], given)
    assert done.returncode == 2 and said(done) == says


@pytest.mark.parametrize("most, says", [(2**20, ""), (100, "is longer than 0 MiB; write it to a file")])
def test_a_stream_has_a_longest(most, says, monkeypatch):
    with (LOGS / "nested.jsonl").open() as given:
        monkeypatch.setattr(formats, "STREAM", most)
        monkeypatch.setattr("sys.stdin", given)
        ((name, tables),) = formats.walk(formats.STANDARD_INPUT)
    assert str(name) == "standard input"
    assert str(tables) == f"standard input: {says}" if says else tables[0].rows


@pytest.mark.parametrize("verb", [["detect"], ["watch", "--once"]])
def test_a_named_pipe_is_not_waited_for(verb, tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    done = command([*verb, tmp_path / "x.csv"])
    assert done.returncode == 2 and said(done) == f"{tmp_path / 'x.csv'}: is a named pipe, {REFUSED}"


def test_sockets_and_devices(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("x.csv")
        for path, what in ("x.csv", "a socket"), ("/dev/zero", "a device"), ("/dev/null", "a device"):
            done = command(["detect", path])
            assert done.returncode == 2 and said(done) == f"{path}: is {what}, {REFUSED}"


def test_a_folder_with_a_pipe_in_it(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text(CSV)
    done = command(["detect", tmp_path])
    assert done.returncode == 0 and b"b.csv" in done.stdout


def test_what_can_be_read_once_is_not_followed():
    done = command(["watch", "-"], CSV.encode())
    assert done.returncode == 2 and "can be read once, not followed" in said(done)
