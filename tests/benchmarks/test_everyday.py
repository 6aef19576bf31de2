"""benchmarks/detectors/everyday.py: false alarms and hits, counted once a run, and the tables of the page."""

import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def everyday(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks" / "detectors")
    return importlib.import_module("everyday")


def test_the_page_has_both_tables(everyday):
    """And more than a thousand runs of each kind are behind them."""
    marks = {
        found[2]: found[0] for found in everyday.MARK.finditer((ROOT / "docs" / "detectors.md").read_text("utf-8"))
    }
    assert set(marks) == {"everyday", "planted"}
    assert "| every other | 0/8000 |" in marks["everyday"] and "/1000 |" in marks["planted"]


def test_what_is_counted_is_written(everyday, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- everyday: x -->\nold\n<!-- end of everyday -->\nMore.\n<!-- planted: x -->\n<!-- end of planted -->\n"
    )
    monkeypatch.setattr(everyday, "PAGE", page)
    done = CliRunner().invoke(everyday.main, ["--seeds", "0:2", "--write"])
    assert done.exit_code == 0 and "| every other | 0/16 | < 17.07 % | |" in done.output
    text = page.read_text()
    assert "old" not in text and text.count("More.") == 1 and "| one player wins | one sided | 2/2 |" in text


def test_a_limit_of_a_rate(everyday):
    assert everyday.limit(0, 100) == pytest.approx(1 - 0.05**0.01) and everyday.limit(5, 5) == 1
