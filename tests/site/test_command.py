"""`bestiary site` and the recordings' command as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bestiary import files
from bestiary.cli import recordings as command
from bestiary.cli.main import cli
from bestiary.site import recordings

ROOT = Path(__file__).resolve().parents[2]


def run(*words):
    return CliRunner().invoke(cli, ["site", *map(str, words)])


def elsewhere(words, before="", after=""):
    """Run a command in a process of its own, of this checkout."""
    code = f"import sys\nfrom pathlib import Path\n{before}\nfrom bestiary import files\n"
    code += f"files.checkout = lambda: Path({str(ROOT)!r})\nfrom bestiary.cli.main import main\n"
    code += f"try: main({words})\nexcept SystemExit as e:\n    {after or '...'}\n    sys.exit(e.code)\n"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_site_is_written_whole(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "checkout", lambda: ROOT)  # also for an installed package that is tested beside its tree
    done = run("--out", tmp_path / "a" / "b")
    assert done.exit_code == 0, done.output
    out = tmp_path / "a" / "b"
    assert (out / "index.html").is_file() and (out / "assets" / "uPlot.iife.min.js").is_file()
    assert f"{sum(path.is_file() for path in out.rglob('*'))} files" in done.output


def test_where_it_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "checkout", lambda: ROOT)
    (tmp_path / "file").write_text("")
    done = run("--out", tmp_path / "file" / "in")
    assert done.exit_code == 2 and "--out" in done.output and len(done.output.splitlines()) == 1


def test_an_installed_package_has_no_docs(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "checkout", lambda: None)
    done = run("--out", tmp_path / "site")
    assert done.exit_code == 2 and "run it in a checkout" in done.output
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("words", [["site"], ["report", "log.csv"]])
def test_an_extra_that_is_lacking_is_named(words, tmp_path):
    ran = elsewhere([*words, "--out", str(tmp_path / "made")], before="sys.modules['jinja2'] = None")
    assert ran.returncode == 2 and "bestiary[site]" in ran.stderr and "jinja2" in ran.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_an_entry_is_recorded_and_is_then_current(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "checkout", lambda: ROOT)
    words = ["period_doubling", "--root", "0", "--to", str(tmp_path / "to"), "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(command.main, words)
    assert done.exit_code == 0, done.output
    made = recordings.read(tmp_path / "to", "period_doubling")
    assert made is not None and (made["root"], made["entry"]) == (0, "period_doubling")
    assert made["cases"] and all(case["states"] for case in made["cases"])
    assert [sweep["kind"] for sweep in made["sweeps"]] == ["boundary", "boundary"]
    before = (tmp_path / "to" / "period_doubling.json").read_bytes()
    again = CliRunner().invoke(command.main, [*words, "--stale"])
    assert again.exit_code == 0 and "wrote" not in again.output
    assert (tmp_path / "to" / "period_doubling.json").read_bytes() == before
    made["text"] = "another"
    (tmp_path / "to" / "period_doubling.json").write_text(json.dumps(made))
    assert command.is_stale(made, next(iter(command.entries(None, ["period_doubling"]))))


def test_neither_imports_jax(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss\n" + "".join(f"{i},{1 / (1 + i)}\n" for i in range(50)))
    for words in (["site"], ["report", str(tmp_path / "log.csv")]):
        ran = elsewhere([*words, "--out", str(tmp_path / "made" / words[0])], after="print('jax' in sys.modules)")
        assert ran.returncode == 0 and ran.stdout.splitlines()[-1] == "False", ran.stderr
