"""A few recorded runs for every detector and what it says of them; benchmarks/detectors/golden_logs.py writes both."""

import csv
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from every_detector import OF_ENTRIES

from bestiary.catalog.read import read_catalog
from bestiary.log import Log, Series

FOLDER = Path(__file__).resolve().parents[1] / "data" / "golden"
GOLDEN = json.loads((FOLDER / "golden.json").read_text("utf-8"))["logs"]


def read(path):
    """The log of a CSV in which a blank cell was not logged."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = {n: [(float(r["step"]), float(r[n])) for r in rows if r[n]] for n in rows[0] if n != "step"}
    return Log({n: Series(*np.array(p).T) for n, p in pairs.items()})


def judged(name):
    of = GOLDEN[name]
    detector = getattr(import_module(f"bestiary.detectors.{of['detector']}"), of["detector"])
    return detector(read(FOLDER / name), *(c if isinstance(c, str) else tuple(c) for c in of["channels"]))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_detector_says_of_a_recorded_run_what_it_said(name):
    of, finding = GOLDEN[name], judged(name)
    assert finding.state == of["state"], finding.reason
    assert finding.phase == of.get("phase", "")
    if finding.found:
        assert abs(finding.onset - of["onset"]) <= of["within"]


def test_every_detector_has_a_run_that_shows_its_phenomenon_and_one_that_resembles_it():
    entries = read_catalog()
    states = {}
    for of in GOLDEN.values():
        case = entries[of["entry"]].cases[of["case"]]
        assert entries[of["entry"]].detector == of["detector"]
        assert (of["state"] == "found") == (case.control is None), of
        states.setdefault(of["detector"], []).append(of["state"] == "found")
    assert set(states) == set(OF_ENTRIES)
    assert all(sorted(of) == [False, True] for of in states.values())


def test_they_stay_small_and_none_is_left_over():
    files = {file.name: file.stat().st_size for file in FOLDER.glob("*.csv")}
    assert set(files) == set(GOLDEN) and max(files.values()) < 16_000


@pytest.mark.parametrize("name", [n for n, of in GOLDEN.items() if of["state"] == "found"])
def test_half_of_a_run_before_its_onset_shows_nothing(name):
    """A finding is owed to what is in the log: cut off before the onset, none is left."""
    of, log = GOLDEN[name], read(FOLDER / name)
    cut = Log({n: Series(t[t < of["onset"] / 2], y[t < of["onset"] / 2]) for n, (t, y) in log.channels.items()})
    detector = getattr(import_module(f"bestiary.detectors.{of['detector']}"), of["detector"])
    finding = detector(cut, *(c if isinstance(c, str) else tuple(c) for c in of["channels"]))
    assert not finding.found, finding.reason
