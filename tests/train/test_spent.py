"""CPU time is added up job by job, from one event to the next."""

from types import SimpleNamespace

import pytest

from bestiary.train.spent import Spent


def event(job, done=0, total=10, phase="train"):
    return SimpleNamespace(job=job, done=done, total=total, phase=phase)


def test_every_second_is_some_job_s():
    clock = iter([5.0, 6.0, 8.0, 12.0, 12.5])
    told = []
    spent = Spent(told.append, lambda: next(clock))
    for one in (event("a"), event("b"), event("a", 4), event("b", 10)):
        spent(one)
    assert spent.seconds == {"a": 1 + 4, "b": 2 + 0.5} and spent.total == 7.5
    assert [one.job for one in told] == ["a", "b", "a", "b"]


def test_what_was_there_before_is_a_share_of_all_steps():
    spent = Spent(lambda p: None, lambda: 0.0)
    assert spent.kept == 0
    spent(event("a", 10, 10))
    spent(event("b", 0, 30))
    spent(event("b", 30, 30))
    assert spent.kept == pytest.approx(0.25)
