"""Where output cannot go: found before training, said in one line, and no runs are lost for it."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bestiary.cli import main as cli
from bestiary.files import PACKAGE

QUICK = ("dirac_gan", "--seeds", 2, "--set", "steps=400")


@pytest.fixture
def bestiary(capsys, monkeypatch, tmp_path):
    """words -> (exit status, standard output, standard error), in this process."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("bestiary.train.jax_setup.prepare", lambda folder: None)  # the tests have set JAX up

    def run(*words):
        try:
            cli.main([str(word) for word in words])
            status = 0
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    return run


def in_a_process(*words, before: str = "", **more):
    """Run a command in a process of its own, after some lines of Python."""
    code = f"{before}\nfrom bestiary.cli.main import main\nmain({[str(word) for word in words]!r})"
    env = os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | more.pop("env", {})
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run([sys.executable, "-c", code], text=True, env=env, timeout=300, **more)


OUTPUTS = {
    "--out of run": ("run", *QUICK, "--out"),
    "--out of map": ("map", "dirac_gan", "--over", "lr=0.1:0.2:2", "--out"),
    "--out of path": ("path", "grokking_transformer", "--out"),
    "--figures": ("check", "dirac_gan", "--json", "--figures"),
    "--to": ("measure", "dirac_gan", "--to"),
}


@pytest.mark.parametrize("words", OUTPUTS.values(), ids=OUTPUTS)
def test_a_folder_that_cannot_be_written_is_found_before_training(bestiary, tmp_path, monkeypatch, words):
    (tmp_path / "file").touch()
    monkeypatch.setattr("bestiary.train.campaign.execute", lambda *words, **more: pytest.fail("it trains"))
    folder = tmp_path / "file" / "inside"
    status, out, err = bestiary(*words, folder)
    assert (status, out) == (2, "")
    assert err == f"{words[-1]} {folder}: cannot be written (Not a directory); name another place\n"


def test_a_plot_that_cannot_be_written_is_found_before_reading(bestiary, tmp_path):
    (tmp_path / "file").touch()
    status, out, err = bestiary("detect", tmp_path / "nothing.csv", "--plot", tmp_path / "file" / "a.png")
    assert status == 2 and out == "" and err.startswith("--plot ") and err.count("\n") == 1


def test_a_disk_that_fills_up_ends_with_2_after_the_results_were_printed(bestiary, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bestiary.figures.style.replace_with", full)
    status, out, err = bestiary("run", *QUICK, "--out", tmp_path / "out")
    assert status == 2 and out.startswith("dirac_gan: 2 ")
    assert err.endswith(f"--out {tmp_path / 'out'}: cannot be written (No space left on device); name another place\n")
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".nc"]


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of Unix")
def test_runs_that_cannot_be_kept_are_judged_and_that_is_said_once(tmp_path):
    env = {"BESTIARY_CACHE_DIR": str(tmp_path)}
    ran = in_a_process("check", "period_doubling", "--seeds", 2, "--json", before=LIMITED, env=env)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert all(len(case["verdicts"]) for case in report["cases"])
    assert [line for line in ran.stderr.splitlines() if "cannot be kept" in line] == [
        f"{tmp_path / 'runs'}: runs cannot be kept: File too large; they are judged all the same"
    ]
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".nc", ".part", ".tmp")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("words", [("list",), ("show", "grokking"), ("cite", "grokking"), ("--help",)])
def test_what_cannot_be_printed_is_one_line_and_status_2(words):
    with Path("/dev/full").open("w") as full:
        ran = in_a_process(*words, stdout=full)
    assert ran.returncode == 2
    assert ran.stderr == "bestiary: what was printed: cannot be written (No space left on device)\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
@pytest.mark.parametrize("words", [("list",), ("show", "grokking"), ("cite", "grokking"), ("--help",)])
def test_a_reader_that_leaves_ends_it_in_silence(words):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        ran = in_a_process(*words, stdout=gone)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.skipif(os.name == "nt", reason="descriptors of Unix")
def test_a_closed_output_hides_nothing_but_what_is_printed():
    ran = in_a_process("list", before="import sys; sys.stdout = None")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_flag_with_which_nothing_trains_is_one_line(tmp_path):
    ran = in_a_process("run", *QUICK, env={"JAX_ENABLE_X64": "1", "BESTIARY_CACHE_DIR": str(tmp_path)})
    assert ran.returncode == 2 and ran.stdout == ""
    assert ran.stderr.startswith("JAX_ENABLE_X64 is on: ") and ran.stderr.count("\n") == 1
