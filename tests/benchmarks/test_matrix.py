"""benchmarks/detectors/matrix.py: who fires on what, of all entries or of those that are named."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from every_detector import OF_ENTRIES

from bestiary.catalog.read import read_catalog
from bestiary.log import Finding, Log, State

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "detectors"


@pytest.fixture
def matrix(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("matrix")


def test_a_row_has_every_detector_and_its_relation_to_the_entry(matrix):
    entry, t = read_catalog()["grokking"], np.arange(300.0)
    case = entry.cases["grokking"]
    own = [Finding(State.FOUND, "given")]
    row = {c.detector: c for c in matrix.row(entry, case, [Log.of(t, test_acc=np.zeros(300))], own, "step")}
    assert set(row) == set(OF_ENTRIES)
    assert row["delayed_generalization"].relation == "own" and row["delayed_generalization"].fired == 1
    assert {name for name, c in row.items() if c.relation == "declared"} == set(entry.also_fires)
    assert row["spikes"].n == 0 and not row["spikes"].alarm  # no loss in this log


def test_a_firing_that_nobody_declared_is_an_alarm(matrix):
    entry, t = read_catalog()["dirac_gan"], np.arange(1000.0)
    spiky = 1.0 + 50 * (t % 200 == 100) + 25 * (np.abs(t % 200 - 100) == 1)
    row = matrix.row(entry, entry.cases["at_once"], [Log.of(t, train_loss=spiky)], [], "step")
    assert [c.detector for c in row if c.alarm] == ["spikes"]  # which was lent the train loss
    assert not any(c.n for c in matrix.row(entry, entry.cases["at_once"], [Log.of(t, loss=spiky)], [], "width"))


@pytest.mark.slow
def test_the_command_is_restricted_to_the_entries_named(matrix, tmp_path):
    where = ["--json", tmp_path / "matrix.json", "--figure", tmp_path / "matrix.png", "--cache", tmp_path / "cache"]
    done = CliRunner().invoke(matrix.main, [*map(str, where), "--seeds", "2", "dirac_gan"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    cells = json.loads((tmp_path / "matrix.json").read_text("utf-8"))["cells"]
    assert {c["entry"] for c in cells} == {"dirac_gan"}
    assert {c["case"] for c in cells} == set(read_catalog()["dirac_gan"].cases)
    assert all(c["n"] == 2 for c in cells if c["relation"] == "own")
    assert (tmp_path / "matrix.png").is_file() and "cycling: 0 false alarms in 0 runs" in done.stdout


def test_an_unknown_entry_is_refused(matrix):
    done = CliRunner().invoke(matrix.main, ["no_such_entry"])
    assert done.exit_code == 2 and "no_such_entry" in done.output
