"""catalog.yaml agrees with the folders, reads as the types say, and reading it is cheap."""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bestiary.catalog.claims import Case, Claim
from bestiary.catalog.mistakes import CatalogError
from bestiary.catalog.read import read_catalog, select
from bestiary.files import modules
from bestiary.judge.outcome import Outcome
from bestiary.judge.verdict import judge
from bestiary.log import Finding, State

GOOD = (Path(__file__).parents[1] / "data" / "good_catalog.yaml").read_text("utf-8")
ENTRIES = read_catalog()


@pytest.fixture
def read(tmp_path, monkeypatch):
    """text -> its only entry."""
    files = {"phenomena": {"grokking"}, "detectors": {"delayed_generalization", "plateau_escape"}}
    monkeypatch.setattr("bestiary.catalog.read.modules", files.__getitem__)

    def read(text):
        file = tmp_path / "catalog.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        (entry,) = read_catalog(file).values()
        return entry

    return read


# The catalog that ships.


def test_one_file_per_entry():
    assert modules("phenomena") == set(ENTRIES)


def test_sorted():
    assert list(ENTRIES) == sorted(ENTRIES)


def test_entries_know_their_key_and_cases_their_name():
    for key, entry in ENTRIES.items():
        assert entry.key == key
        assert [case.name for case in entry.cases.values()] == list(entry.cases)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_controls_are_found_less_often_than_positives(entry):
    found = {name: [c.interval for c in case.claims if c.of == "found"] for name, case in entry.cases.items()}
    assert entry.positives
    assert entry.controls
    assert max(found[name][0][1] for name in entry.controls) < min(found[name][0][0] for name in entry.positives)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_enough_runs_to_show_what_is_claimed(entry):
    for case in entry.cases.values():
        runs = [Finding(State.ABSENT if case.control else State.FOUND, "")] * case.seeds
        assert [v.outcome for v in judge([c for c in case.claims if c.of == "found"], runs)] == [Outcome.HOLDS]


# What a good file reads as.


def test_defaults_numbers_and_dates(read):
    entry = read(GOOD)
    positive, control = entry.cases.values()
    assert (positive.seeds, control.seeds) == (16, 64)
    assert (positive.control, control.control) == (None, "weight decay")
    assert control.knobs == {"weight_decay": 0.001}  # YAML 1.2 reads 1e-3 as a number
    assert positive.static == {"network": "mlp", "width": 64}
    assert entry.added.date == datetime.date(2026, 11, 22)
    assert positive.claims[0].interval == (0.8, 1.0)
    assert [c.statistic for c in (*positive.claims, *control.claims)] == ["rate", "median", "rate", "correlation"]
    assert control.claims[1].of == ("onset", "law")
    assert (list(entry.positives), list(entry.controls)) == (["grokking"], ["no_weight_decay"])


def test_seeds_of_a_control_can_be_set(read):
    entry = read(GOOD.replace("control: weight decay", "control: weight decay\n      seeds: 100"))
    assert entry.cases["no_weight_decay"].seeds == 100


def test_entries_are_frozen_and_compare_by_content(read):
    entry = read(GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        entry.title = "other"
    assert read("# Every line one further down.\n" + GOOD) == entry
    assert read(GOOD.replace("version: 1", "version: 2")) != entry


def test_windows_line_ends_and_a_byte_order_mark_are_fine(read):
    assert read(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == read(GOOD)


def test_claims_and_cases_can_be_made_in_code():
    claim = Claim(of="found", rate=(0, 1), source="measured")
    assert Case(claims=(claim,)).seeds == 16
    with pytest.raises(ValidationError, match="exactly one of"):
        Claim(of="found", source="measured")


# Choosing entries.


def test_select_takes_the_order_asked_for():
    keys = list(ENTRIES)[::-1]
    assert list(select(ENTRIES, keys)) == keys
    assert select(ENTRIES, ()) == ENTRIES


def test_an_unknown_entry_is_named_with_the_nearest():
    with pytest.raises(CatalogError) as caught:
        select(ENTRIES, ["groking", "grokking", "xyz"])
    assert str(caught.value).splitlines() == [
        "catalog.yaml: no entry 'groking'; did you mean 'grokking'?",
        "catalog.yaml: no entry 'xyz'",
    ]


# Cost.


def test_reading_imports_neither_jax_nor_the_libraries_of_arrays():
    code = (
        "import sys; from bestiary.catalog.read import read_catalog, select; select(read_catalog(), ());"
        "sys.exit(', '.join({'jax', 'numpy', 'xarray', 'scipy', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_judging_imports_no_jax():
    code = "import sys; from bestiary.judge import verdict; sys.exit('jax' in sys.modules or 'xarray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
