"""`bestiary report`: one file, of what is found in logs; names in it run nothing."""

import json
import re

import numpy as np
import pytest
import saddle
from click.testing import CliRunner
from installed import bestiary, layout
from site_pages import Page

from bestiary.cli.main import cli

EVIL = "<script>alert(1)<b>"


@pytest.fixture
def log(tmp_path):
    """A run that is lost at step 3000, in a file and with a column whose names are HTML."""
    t = np.arange(0, 6000, 10)
    loss = np.where(t < 3000, 2 * np.exp(-t / 500) + 0.1, 5.0)
    file = tmp_path / f"{EVIL}.csv"
    rows = "\n".join(f"{a},{b},{c}" for a, b, c in zip(t, loss, loss + 1, strict=True))
    file.write_text(f"step,train_loss,</script>{EVIL}\n{rows}\n")
    return file


def run(*words):
    return CliRunner().invoke(cli, ["report", *map(str, words)])


def test_a_page_says_what_was_found_and_where(log, tmp_path):
    done = run(log, "--out", tmp_path / "r.html")
    assert done.exit_code == 0, done.output
    html = (tmp_path / "r.html").read_text("utf-8")
    page = Page(html)
    assert page.wrong == [] and len(page.ids) == len(set(page.ids))
    assert any("lost, step 3" in text and "What people do" in text for text in page.texts["p"])
    (panel, *_) = json.loads(re.search(r'id="curves">(.*?)</script>', html)[1])[0]
    (span, *_) = [span for span in panel["spans"] if span["name"] == "lost"]
    assert span["start"] == pytest.approx(3000, abs=50) and span["stop"] == 5990
    assert panel["onsets"] and panel["curves"][0]["t"][-1] == 5990


def test_it_is_one_file_and_names_are_escaped(log, tmp_path):
    run(log, "--out", tmp_path / "r.html")
    html = (tmp_path / "r.html").read_text("utf-8")
    page = Page(html)
    assert [attrs for tag in ("script", "img", "link") for attrs in page.of(tag) if "src" in attrs] == []
    assert [attrs["href"] for attrs in page.of("link")] == ["data:,"]
    assert EVIL not in html and any(EVIL in text for text in page.texts["h2"])


def test_what_cannot_be_read_is_a_line_and_no_page(tmp_path):
    (tmp_path / "prose.csv").write_text("this is no log\n")
    done = run(tmp_path / "prose.csv", "--out", tmp_path / "r.html")
    assert done.exit_code == 2 and "prose.csv" in done.output and "Traceback" not in done.output
    assert not (tmp_path / "r.html").exists()
    assert run(tmp_path / "prose.csv", "--out", tmp_path / "prose.csv" / "r.html").exit_code == 2


def test_what_cannot_be_read_stands_below_what_can(log, tmp_path):
    (tmp_path / "prose.csv").write_text("this is no log\n")
    done = run(log, tmp_path / "prose.csv", "--out", tmp_path / "r.html")
    assert done.exit_code == 2
    assert "What could not be read" in (tmp_path / "r.html").read_text("utf-8")


@pytest.mark.slow
def test_what_was_judged_is_a_page(tmp_path):
    root = layout(tmp_path / "small", saddle.BLOCK, {"saddle": saddle.SETUP})
    told = bestiary("check", "--report", tmp_path / "r.html", "--json", site=root, cache=tmp_path / "cache")
    assert told.returncode in (0, 1), told.stderr
    cases, html = json.loads(told.stdout)["cases"], (tmp_path / "r.html").read_text("utf-8")
    page = Page(html)
    assert page.wrong == [] and len(page.ids) == len(set(page.ids))
    assert [text for text in page.texts["h3"]] == [case["case"].replace("_", " ") for case in cases]
    shown = [attrs["class"].split()[1] for attrs in page.of("span") if attrs.get("class", "").startswith("outcome ")]
    outcomes = [v["outcome"] for case in cases for v in case["verdicts"]]
    assert [word for word in shown if "agrees" not in word] == outcomes
    assert [attrs["src"][:22] for attrs in page.of("img")] == ["data:image/png;base64,"]
    assert "figure" not in told.stderr
