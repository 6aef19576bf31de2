"""What a detector's file says of the detector is true of its function."""

import inspect
import re
from pathlib import Path

import pytest
from curves import AXES, EVENTS
from every_detector import DETECTORS, about, detector, needed

from bestiary.about import About, Dial, Severity
from bestiary.judge.records import is_waiting_time

STEP = AXES["linear"]


def parameters(name):
    return inspect.signature(detector(name)).parameters


@pytest.mark.parametrize("name", DETECTORS)
def test_nothing_is_left_out(name):
    assert isinstance(about(name), About) and about(name).why and about(name).also
    assert f"`{about(name).effect}`" in detector(name).__doc__, f"{name} documents no such effect"


@pytest.mark.parametrize("name", DETECTORS)
def test_the_docstring_has_the_same_terms(name):
    (terms,) = re.findall(r"^Also known as: (.+)\.$", inspect.getdoc(detector(name)), re.MULTILINE)
    assert tuple(terms.split(", ")) == about(name).also


@pytest.mark.parametrize("name", [name for name in DETECTORS if name in EVENTS])
def test_the_headline_effect_is_measured_in_that_unit(name):
    for event in EVENTS[name].values():
        finding = detector(name)(event(STEP)[0])
        assert finding.effects[about(name).effect].unit == about(name).unit


@pytest.mark.parametrize("name", [name for name in DETECTORS if about(name).dial is not None])
def test_the_dial_is_a_threshold_that_gets_stricter(name):
    threshold = parameters(name)[about(name).dial.threshold]
    assert threshold.kind is threshold.KEYWORD_ONLY
    at = [about(name).dial.at(threshold.default, strictness) for strictness in (0.5, 1, 2)]
    assert at[1] == threshold.default and at in (sorted(at), sorted(at, reverse=True)) and len(set(at)) == 3


@pytest.mark.parametrize(
    "how, default, lax, strict",
    [("times", 4.0, 2.0, 8.0), ("over", 4.0, 8.0, 2.0), ("above_one", 3.0, 2.0, 5.0), ("below_one", 0.8, 0.9, 0.6)],
)
def test_how_a_threshold_is_made_stricter(how, default, lax, strict):
    dial = Dial("threshold", how)
    assert [dial.at(default, s) for s in (0.5, 1, 2)] == pytest.approx([lax, default, strict])


@pytest.mark.parametrize("name", DETECTORS)
def test_scales_are_of_channels_that_it_reads(name):
    channels = [channel for scale in about(name).scales for channel in scale.channels]
    assert set(channels) <= set(needed(name)) and len(channels) == len(set(channels))


def test_the_documented_severities_are_those_in_use():
    text = (Path(__file__).resolve().parents[2] / "docs" / "detect.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| (error|warning|info) \| (.+?) \|$", text, re.MULTILINE))
    for severity in (Severity.ERROR, Severity.WARNING):
        used = [name for name in DETECTORS if about(name).severity is severity]
        assert documented[str(severity)].split(", ") == ["diverged"] * (severity is Severity.ERROR) + used


def test_a_new_detector_needs_few_words():
    assert About() == About("", severity=Severity.INFO, also=(), dial=None, scales=(), log_axis=False, by_name=False)


@pytest.mark.parametrize("name", [name for name in DETECTORS if about(name).waits and name in EVENTS])
def test_waiting_times_are_effects_in_steps_within_the_run(name):
    seen = {}
    for event in EVENTS[name].values():
        log = event(STEP)[0]
        last = max(curve.steps[-1] for curve in log.channels.values())
        effects = detector(name)(log).effects.items()
        waits = {n: e for n, e in effects if e.unit == "step" and is_waiting_time(n, about(name).waits)}
        assert all(0 <= e.value <= last for e in waits.values())
        seen |= waits
    for pattern in about(name).waits:
        documented = re.sub(r"\[0-9\]\*", "", pattern)
        assert documented in detector(name).__doc__, f"{name} documents no {pattern}"
        assert any(is_waiting_time(n, [pattern]) for n in seen) or pattern.startswith("witness")  # not in every event
