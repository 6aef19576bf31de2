"""Contract of every detector found in the folder, on curves with a known answer."""

import inspect
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from curves import AXES, EVENTS, NULLS, Null, T, null
from every_detector import DETECTORS, detector, needed

from bestiary.log import Finding, Log, State

EVERYWHERE = {
    "flat", "exponential", "power_law", "linear", "noisy_flat", "nan_tail", "empty", "random_walk", "lr_decay_kink",
    "log_spaced_decay",
}  # fmt: skip
OWN = {"power_tail": {"power_law"}}  # a null of all others that is the phenomenon of this one


def silent_on(name):
    """The nulls a detector's docstring lists after "Silent on:", up to a full stop, a semicolon or a blank line."""
    text = re.search(r"Silent on:\s*(.*?)(?:[.;]|\n\s*\n|\Z)", inspect.getdoc(detector(name)), re.DOTALL)
    return [word.strip() for word in text[1].split(",")] if text else []


def scaled(log, steps=1.0, loss=1.0):
    return Log({n: (t * steps, y * (loss if "loss" in n else 1.0)) for n, (t, y) in log.channels.items()})


CASES = [(name, case) for name in DETECTORS for case in silent_on(name)]
PLANTED = [(name, event, axis) for name, events in EVENTS.items() for event in events for axis in AXES]


@pytest.mark.parametrize("name", DETECTORS)
def test_form(name):
    parameters = list(inspect.signature(detector(name)).parameters.values())
    assert parameters[0].name == "log"
    for parameter in parameters[1:]:
        assert parameter.default is not parameter.empty, f"{name}: {parameter.name} needs a default"
        is_threshold = isinstance(parameter.default, float | int)
        assert is_threshold <= (parameter.kind is parameter.KEYWORD_ONLY), f"{name}: {parameter.name} is a threshold"
    for section in ("Also known as:", "Args:", "Returns:", "Example:", "Silent on:", "Source."):
        assert section in inspect.getdoc(detector(name)), f"{name}: its docstring has no section {section!r}"


@pytest.mark.parametrize("name", DETECTORS)
def test_names_its_nulls(name):
    unknown = set(silent_on(name)) - set(NULLS)
    assert not unknown, f"{name}: 'Silent on:' lists {sorted(unknown)}, which tests/curves.py does not define"
    assert set(silent_on(name)) >= EVERYWHERE - OWN.get(name, set())


@pytest.mark.parametrize("name", DETECTORS)
def test_has_an_event(name):
    own = Path(__file__).with_name(f"test_{name}.py")
    assert name in EVENTS or own.exists(), f"plant an event for {name}: in EVENTS of tests/curves.py, or in {own.name}"


@pytest.mark.parametrize(("name", "case"), CASES)
def test_silent(name, case):
    for seed in range(5):
        finding = detector(name)(null(case, needed(name), seed))
        assert isinstance(finding, Finding) and isinstance(finding.state, State)
        assert not finding.found, finding.reason
        assert math.isnan(finding.onset)
        assert finding.reason and "\n" not in finding.reason
        assert all(effect.unit and math.isfinite(effect.value) for effect in finding.effects.values())


@pytest.mark.parametrize("name", DETECTORS)
def test_states_of_broken_logs(name):
    run = detector(name)
    assert run(Log({})).state is State.NOT_APPLICABLE
    assert run(null("empty", needed(name))).state is State.NOT_APPLICABLE
    assert run(null("nan_tail", needed(name))).state is State.DIVERGED
    nothing = Null(T, np.full(T.size, np.nan)).log(needed(name))
    assert run(nothing).state is State.DIVERGED
    one = Null(T[:1], np.ones(1)).log(needed(name))
    assert not run(one).found


@pytest.mark.parametrize("name", DETECTORS)
def test_one_record_that_is_not_finite_is_left_out(name):
    """In any channel, wherever the detector looks."""
    for case in ("exponential", "staircase", "memorisation"):
        whole = null(case, needed(name)).channels
        for gone in needed(name):
            steps, values = whole[gone]
            holed = Log({**whole, gone: (steps, np.where(steps == steps[400], np.nan, values))})
            assert detector(name)(holed).state is detector(name)(Log(whole)).state


@pytest.mark.parametrize("name", DETECTORS)
def test_what_is_no_log_is_refused(name):
    with pytest.raises(TypeError, match="reads a Log, not dict"):
        detector(name)({channel: (T, T) for channel in needed(name)})


@pytest.mark.parametrize("name", DETECTORS)
def test_each_missing_channel_is_named(name):
    whole = null("flat", needed(name)).channels
    for gone in needed(name):
        finding = detector(name)(Log({channel: curve for channel, curve in whole.items() if channel != gone}))
        assert finding.state is State.NOT_APPLICABLE
        assert gone in finding.reason


@pytest.mark.parametrize(("name", "event", "axis"), PLANTED)
def test_finds_planted_event(name, event, axis):
    t = AXES[axis]
    log, onset = EVENTS[name][event](t)
    finding = detector(name)(log)
    assert finding.found, finding.reason
    at = np.searchsorted(t, onset)
    assert abs(finding.onset - onset) <= t[at + 1] - t[at - 1]
    assert all(math.isfinite(effect.value) for effect in finding.effects.values())
    assert finding.spans and all(t[0] <= span.start <= span.stop <= t[-1] for span in finding.spans)
    assert any(digit.isdigit() for digit in finding.reason)


@pytest.mark.parametrize(("name", "event", "axis"), PLANTED)
def test_units_of_steps_and_loss_do_not_matter(name, event, axis):
    log, _ = EVENTS[name][event](AXES[axis])
    as_is, other = detector(name)(log), detector(name)(scaled(log, steps=3.0, loss=1e-3))
    assert other.state is as_is.state
    np.testing.assert_allclose(other.onset, 3 * as_is.onset, rtol=1e-9)
    assert other.effects.keys() == as_is.effects.keys()
    for key, (value, unit) in as_is.effects.items():
        factor = {"step": 3.0, "1": 1.0}.get(unit, math.nan)
        np.testing.assert_allclose(other.effects[key].value, factor * value, rtol=1e-6, err_msg=key)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_answer_to_a_null_does_not_depend_on_units(name, case):
    log = null(case, needed(name))
    assert detector(name)(scaled(log, steps=3.0, loss=1e-3)).state is detector(name)(log).state


@pytest.mark.parametrize("name", DETECTORS)
def test_leaves_the_log_alone_and_repeats_itself(name):
    log = null("minibatch", needed(name))
    for curve in log.channels.values():
        curve.steps.setflags(write=False)
        curve.values.setflags(write=False)
    first, second = detector(name)(log), detector(name)(log)
    assert (first.state, first.reason, first.effects) == (second.state, second.reason, second.effects)


def test_import_no_jax():
    lines = [f"import bestiary.detectors.{name}" for name in DETECTORS]
    code = "\n".join([*lines, "import sys", "print('jax' in sys.modules)"])
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
