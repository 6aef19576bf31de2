"""`bestiary site` and the recordings' command as a user runs them."""

import json
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


def test_an_extra_that_is_lacking_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "checkout", lambda: ROOT)
    for module in [m for m in sys.modules if m.startswith("bestiary.site.") or m in ("bestiary.cli.listings",)]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = run("--out", tmp_path / "site")
    assert done.exit_code == 2 and "bestiary[site]" in done.output and "jinja2" in done.output


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
