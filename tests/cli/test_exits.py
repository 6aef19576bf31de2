"""How a command ends when nobody foresaw it: one line, a status of its own, never a traceback."""

import errno
import signal
import subprocess
import sys
import time

import click
import pytest

from bestiary.cli import exits
from bestiary.cli import main as cli


def raising(error, capsys, monkeypatch, tmp_path):
    """Run a command that raises; return (exit status, standard error)."""

    def fail(*words, **more):
        raise error

    monkeypatch.setitem(cli.cli.commands, "fail", click.Command("fail", callback=fail))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as end:
        cli.main(["fail"])
    return end.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), TypeError(), ZeroDivisionError("a\nb\x1b[31m"), RuntimeError(9999 * "x"), PermissionError(13)],
)
def test_a_fault_of_ours_is_one_line_that_asks_for_a_report(error, capsys, monkeypatch, tmp_path):
    status, err = raising(error, capsys, monkeypatch, tmp_path)
    assert status == 70
    (line,) = err.splitlines()
    (file,) = tmp_path.iterdir()
    assert type(error).__name__ in line and exits.__version__ in line and line.endswith(f"please report it with {file}")
    assert "\x1b" not in line and len(line) < 700
    assert "Traceback" in file.read_text("utf-8") and type(error).__name__ in file.read_text("utf-8")


def test_its_traceback_is_printed_if_that_is_asked_for(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BESTIARY_DEBUG", "1")
    status, err = raising(KeyError("x"), capsys, monkeypatch, tmp_path)
    assert status == 70 and "Traceback" in err and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error, says",
    [
        (MemoryError(), "out of memory; ask for fewer seeds"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 99 bytes."), "out of memory; ask for fewer seeds"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "/x/y: cannot be written (No space left on device)"),
        (
            RuntimeError("Unable to initialize backend 'tpu': no libtpu.so"),
            "backend 'tpu': no libtpu.so; JAX_PLATFORMS",
        ),
    ],
)
def test_what_is_no_fault_of_ours_is_status_2(error, says, capsys, monkeypatch, tmp_path):
    status, err = raising(error, capsys, monkeypatch, tmp_path)
    assert status == 2 and says in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


WAITING = """
import time
import click
from bestiary.cli import main

def wait():
    print("waiting", flush=True)
    {wait}

main.cli.add_command(click.Command("wait", callback=wait))
main.main(["wait"])
"""
SWALLOWED = """class Held:
        def __del__(self):
            time.sleep(30)
    Held()
    time.sleep(30)"""
HANGS = """try:
        time.sleep(30)
    finally:
        print("ending", flush=True)
        time.sleep(30)"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("wait, interrupts", [("time.sleep(30)", 1), (SWALLOWED, 1), (HANGS, 2)])
def test_interrupts_end_with_130_and_one_line(wait, interrupts):
    """One, one that a callback of the interpreter swallows, and a second while the first is being dealt with."""
    command = [sys.executable, "-c", WAITING.format(wait=wait)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as child:
        for _ in range(interrupts):
            assert child.stdout.readline()
            time.sleep(0.1)
            child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=20)
    assert (child.returncode, err.strip()) == (130, exits.KEPT)
