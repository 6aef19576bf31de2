"""Units of onsets and effects, read from text, against those that findings have."""

import pytest

from bestiary.catalog.read import read_catalog
from bestiary.catalog.setups import units


def test_units_are_those_that_the_text_states(tmp_path, monkeypatch):
    setup = tmp_path / "x.py"
    setup.write_text("""
from bestiary.detectors.y import y
def detect(log):
    return y(log).having(angle=Effect(1.0, "rad"), share=Effect(0.5), late=Effect(3.0, unit="step"), odd=Effect(1.0, u))
PHENOMENON = Phenomenon(detect=detect, clock=("size", "example"))
""")
    detector = tmp_path / "y.py"
    detector.write_text("""
def y(log):
    effects = {"half": Effect(3.0, "step")}
    effects["peak"] = Effect(2.0, "loss")
    effects["two"] = Effect(1.0, "rad")
    effects["two"] = Effect(1.0, "step")
    return Finding(State.FOUND, "", 1.0, effects)
""")
    there = {"x": setup, "y": detector}
    monkeypatch.setattr(units, "source_file", lambda package, name: there[name])
    monkeypatch.setattr(units, "outcomes_of", lambda key: type("Known", (), {"detectors": ("y",)}))
    assert dict(units.units_of("x")) == {
        "onset": "example",
        "angle": "rad",
        "share": "1",
        "late": "step",
        "half": "step",
        "peak": "loss",
    }


def test_where_nothing_is_stated_an_onset_is_in_steps():
    assert units.units_of("rotational_equilibrium")["onset"] == "step"
    assert units.units_of("rotational_equilibrium")["settled"] == "rad"
    with pytest.raises(ValueError, match=r"no file phenomena/nothing\.py"):
        units.units_of("nothing")


def test_no_unit_that_is_known_contradicts_a_claim():
    """A claim of a median states the unit that findings have: `check` fails it otherwise."""
    for key, entry in read_catalog().items():
        known = units.units_of(key)
        for case in entry.cases.values():
            for claim in case.claims:
                if claim.unit is not None and claim.of in known:
                    assert claim.unit == known[claim.of], (key, claim.of)
