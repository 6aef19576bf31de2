"""`watch --exec`: a command that hangs, one that leaves others behind, one that reads nothing, one that talks."""

import os
import subprocess
import sys
import time

import pytest

from bestiary.watch.command import run

unix = pytest.mark.skipif(os.name == "nt", reason="no groups of processes")


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{number}/stat") as file:  # one that ended and that nobody waited for is not alive
        return file.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="asks Linux who is alive")
def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path):
    told = tmp_path / "child"
    since = time.monotonic()
    wrong = run(["sh", "-c", f"sleep 300 & echo $! > {told}; wait"], "{}", limit=1.0)
    assert wrong == "--exec sh: killed after 1 s; give it more with --exec-timeout"
    assert time.monotonic() - since < 30
    child = int(told.read_text())
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)


def test_a_command_gets_the_report_and_its_errors_are_seen(capfd):
    code = "import sys; sys.stderr.write('got ' + sys.stdin.read())"
    assert run([sys.executable, "-c", code], '{"path": "Läufe"}') == ""
    assert "got {" in capfd.readouterr().err


def test_a_command_that_reads_nothing_and_one_that_fails():
    assert run([sys.executable, "-c", "pass"], "x" * 10_000_000) == ""
    assert run([sys.executable, "-c", "raise SystemExit(3)"], "{}") == f"--exec {sys.executable}: exit status 3"
    assert run(["./no/such/program"], "{}").startswith("--exec ./no/such/program: cannot be run (")


@unix
def test_watching_goes_on_after_a_command_that_hangs(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n" + "".join(f"{t},{'nan' if t >= 80 else 1}\n" for t in range(100)))
    code = "from bestiary.cli.main import main; main()"
    command = [sys.executable, "-c", code, "watch", str(path), "--once", "--exec", "sleep 300", "--exec-timeout", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "error: diverged" in done.stdout
    assert done.stderr.splitlines()[-1] == "--exec sleep: killed after 0.5 s; give it more with --exec-timeout"
