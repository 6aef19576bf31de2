"""Targets whose worth is known: one that is always right, that always fires, never does, crashes, is late."""

import json

import numpy as np
import pytest

from bestiary.certify import asking, certificate, scores, words
from bestiary.certify.answers import Answer
from bestiary.certify.asking import Asker
from bestiary.certify.certificate import ESTIMATORS, certified
from bestiary.certify.kinds import KINDS
from bestiary.certify.rates import Rate

EVERY = [*KINDS.values(), *ESTIMATORS.values()]


def made(kind, ask, **how):
    return certified(Asker("mine", ask), kind, seeds=2, beside=False, **how)


def truth(case):
    if isinstance(case, asking.Case):
        return Answer(case.positive, case.event.start if case.event else float("nan"))
    return Answer(True, value=case.truth, low=case.truth - 1, high=case.truth + 1)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_who_knows_the_truth_is_right_everywhere(kind):
    told = made(kind, truth)
    assert all(row.right for row in told.rows) and not told.silent
    of = scores.score(told.rows)
    assert of.failures.k == 0
    if isinstance(of, scores.Detected):
        assert of.hits.share == 1 and of.false_alarms.share == 0
        assert of.onset is not None and of.onset[:4] == (of.hits.n, 0, 0, 0) and of.onset.near.share == 1
    else:
        assert of.right.share == of.covered.share == 1 and of.bias == of.rms == 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_who_always_fires_has_every_hit_and_every_false_alarm(kind):
    of = scores.score(made(kind, lambda case: Answer(True)).rows)
    assert isinstance(of, scores.Detected)
    assert of.hits.share == of.false_alarms.share == 1 and of.onset is None
    of = scores.score(made(kind, lambda case: Answer(False)).rows)
    assert isinstance(of, scores.Detected) and of.hits.share == of.false_alarms.share == 0


def test_who_fires_at_the_first_record_finds_and_is_not_near():
    told = made(KINDS["spike"], lambda case: Answer(True, float(case.log["loss"].steps[0])))
    of = scores.score(told.rows)
    assert isinstance(of, scores.Detected) and of.onset is not None
    assert of.hits.share == 1 and of.onset.near.k == 0 and of.onset.q95 < -50
    assert not any(row.right for row in told.rows)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_who_crashes_is_counted_as_such_and_has_neither_hits_nor_alarms(kind):
    def crash(case):
        raise RuntimeError(f"no {len(case.group) % 2}")

    told = made(kind, crash)
    of = scores.score(told.rows)
    assert told.silent and of.failures.share == 1 and not any(row.right for row in told.rows)
    assert sum(n for _, n in scores.failures(told.rows)) == len(told.rows)
    if isinstance(of, scores.Detected):
        assert of.hits.k == of.false_alarms.k == 0
    assert any("no answer in" in line and "RuntimeError: no" in line for line in words.lines(told))
    json.dumps(certificate.as_json(told))
    assert words.tables(told)


def test_a_number_that_is_off_has_its_bias_and_an_interval_that_is_too_narrow_its_coverage():
    def high(problem):
        return Answer(True, value=1.3 * problem.truth, low=1.2 * problem.truth, high=2 * problem.truth)

    of = scores.score(made(ESTIMATORS["noise_scale"], high).rows)
    assert isinstance(of, scores.Estimated)
    assert of.bias == pytest.approx(0.3) and of.rms == pytest.approx(0.3) and of.low == pytest.approx(of.high)
    assert of.right.k == of.covered.k == 0 and of.covered.n == of.right.n
    absolute = made(ESTIMATORS["coordinate_check"], lambda problem: Answer(True, value=problem.truth + 0.05))
    of = scores.score(absolute.rows)
    assert isinstance(of, scores.Estimated) and of.bias == pytest.approx(0.05) and of.right.share == 1
    assert of.covered.n == 0


def test_limits_are_those_of_clopper_and_pearson():
    """0 of 64: 1 - 0.025^(1/64); 3 of 10: the tails of the binomial law at the limits have 2.5 % each."""
    assert Rate(0, 64).interval[1] == pytest.approx(1 - 0.025 ** (1 / 64)) and Rate(0, 0).interval == (0, 1)
    assert Rate(0, 64).at_most == pytest.approx(1 - 0.05 ** (1 / 64))
    low, high = Rate(3, 10).interval
    from scipy.stats import binom

    assert binom.sf(2, 10, low) == pytest.approx(0.025) and binom.cdf(3, 10, high) == pytest.approx(0.025)
    assert str(Rate(3, 10)) == "3/10" and np.isnan(Rate(0, 0).share)


def test_what_is_told_is_by_shape_by_transformation_and_beside_others():
    kind = KINDS["spike"]
    told = certified(asking.function(lambda loss: bool(loss[-1] > loss[0]), kind, "mine"), kind, seeds=2)
    assert list(told.beside) == ["bestiary detect", *kind.rules]
    flat = certificate.as_json(told)
    assert sum(part["hits"]["n"] for part in flat["by_shape"].values()) == flat["score"]["hits"]["n"]
    assert sum(p["false_alarms"]["n"] for p in flat["by_transformation"].values()) == flat["score"]["false_alarms"]["n"]
    assert set(flat["by_noise"]) == {"white", "autocorrelated"}  # two seeds
    first, shapes, conditions = words.tables(told)
    assert [row[0] for row in first.rows][:2] == ["mine", "bestiary detect"]
    assert len(shapes.rows) == 10 and conditions.rows[0][0] == "as recorded"
    assert all(len(row) == len(table.columns) for table in (first, shapes, conditions) for row in table.rows)


def test_our_detectors_find_what_is_there_and_little_else():
    """On root 0; at least nine tenths of the events, at most a tenth of the others."""
    for kind in KINDS.values():
        told = certified(asking.ours(kind), kind, root=0, seeds=4, beside=False)
        of = scores.score(told.rows)
        assert isinstance(of, scores.Detected) and of.failures.k == 0
        assert of.hits.share >= 0.9 and of.false_alarms.share <= 0.1, (kind.name, of)
        assert of.onset is not None and of.onset.near.share >= 0.9, (kind.name, of)
