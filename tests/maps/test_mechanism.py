"""Whether a step of a path keeps the mechanism: arithmetic on counts and medians, and the error rate by simulation."""

import numpy as np
import pytest
from bowl_map import PATH, setup
from pydantic import ValidationError

from bestiary.judge.records import Resolution
from bestiary.judge.rounds import Judged
from bestiary.log import Effect, Finding, State
from bestiary.maps import mechanism
from bestiary.maps.judge import MapResult, RungResult

SAME, ANOTHER, UNKNOWN = "same mechanism", "another mechanism", "unknown"
S = setup(paths={"steeper": PATH | {"learned": {"of": "learned", "above": 0.5}}})
BLOCK = S.entry.paths["steeper"]


def runs(found, marker=0.1, n=16, learned=0.0):
    """So many runs with the phenomenon, and the marker in all of them."""
    marks = np.broadcast_to(np.asarray(marker, float), n)
    findings = tuple(
        Finding(
            State.FOUND if i < found else State.ABSENT,
            "",
            effects={"rate": Effect(float(marks[i]), "1 / step"), "learned": Effect(learned)},
        )
        for i in range(n)
    )
    return Judged(findings, (60.0,) * n, (Resolution(),) * n)


def path(*rungs):
    """A path whose rungs have these runs, with the cause and without."""
    pairs = zip(BLOCK.rungs, rungs, strict=True)
    return MapResult(S, BLOCK, 1, [], rungs=tuple(RungResult(r, a, (), b) for r, (a, b) in pairs))


def steps(*rungs):
    return [step.same for step in mechanism.steps(path(*rungs))]


KEPT = runs(16), runs(0)


def test_the_same_marker_and_the_same_cause_are_the_same_mechanism():
    assert steps(KEPT, KEPT, (runs(14, 0.15), runs(1))) == [SAME, SAME]


def test_a_marker_that_leaves_its_band_is_another_mechanism():
    assert steps(KEPT, (runs(16, 0.02), runs(0)), (runs(16, 0.03), runs(0))) == [ANOTHER, SAME]
    (step, _) = mechanism.steps(path(KEPT, (runs(16, 0.02), runs(0)), KEPT))
    assert step.why == "the marker leaves 'a stride' for 'a crawl'"


def test_a_cause_that_kills_no_longer_is_another_mechanism_and_an_undecided_one_is_unknown():
    assert steps(KEPT, (runs(16), runs(16)), KEPT) == [ANOTHER, ANOTHER]
    assert steps(KEPT, (runs(16), runs(10)), KEPT) == [UNKNOWN, UNKNOWN]


def test_a_marker_between_the_bands_is_unknown():
    marks = np.r_[[0.04] * 8, [0.1] * 8]  # the median may lie in the band or below
    assert steps(KEPT, (runs(16, marks), runs(0)), KEPT)[0] == UNKNOWN


def test_where_it_is_not_there_a_task_not_learned_is_told_from_a_delay_that_is_gone():
    gone = mechanism.steps(path(KEPT, (runs(0, learned=1.0), runs(0)), (runs(0), runs(0))))
    assert [step.same for step in gone] == [UNKNOWN, UNKNOWN]
    assert gone[0].why == "it is not there, though the task is learned: the delay is gone"
    assert gone[1].why == "it is not there: the task is not learned"
    assert [seen.learned for seen in mechanism.seen(path(KEPT, (runs(4, learned=1.0), runs(0)), KEPT))] == [1, 1, 1]


def test_a_rung_is_compared_with_the_last_one_at_which_it_was_there():
    (_, back) = mechanism.steps(path(KEPT, (runs(0), runs(0)), KEPT))
    assert (back.before, back.after, back.same) == ("bowl", "steep", SAME)


def test_nothing_there_before_is_unknown():
    dead = runs(0), runs(0)
    assert steps(dead, KEPT, KEPT) == [UNKNOWN, SAME]


def test_a_step_that_keeps_the_mechanism_is_seldom_called_another():
    """Markers whose median is the edge of the band, the worst case; cause tests alike. Stated: at most 5 % each."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(400):
        here = runs(16, 0.05 * np.exp(rng.normal(0, 0.5, 16))), runs(int(rng.binomial(16, 0.05)))
        wrong += steps(KEPT, here, KEPT)[0] == ANOTHER
    assert wrong <= 400 * 0.05 + 3 * np.sqrt(400 * 0.05 * 0.95)


@pytest.mark.parametrize(
    "change, why",
    [
        ({"marker": None}, "a path needs `marker`, `mechanisms` and `cause`"),
        ({"mechanisms": {"a": [0.0, 0.5], "b": [0.5, 1.0]}}, "the bands of 'a' and 'b' overlap"),
        ({"cause": {"removes": "nothing"}}, "the cause removes nothing"),
        ({"marker": "speed"}, "needs a claim of the marker, speed"),
        ({"rungs": [PATH["rungs"][0], PATH["rungs"][1] | {"without": None}]}, "needs `without`: the rate of found"),
    ],
)
def test_a_path_without_what_tells_mechanisms_apart_is_refused(change, why):
    with pytest.raises(ValidationError, match=why):
        setup(paths={"steeper": PATH | change})
