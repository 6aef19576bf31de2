"""The sweep benchmark compares the same runs, and tells positive rates."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from bestiary.judge.rounds import answer
from bestiary.train.jobs import Request, Setup
from bestiary.train.store import NoStore


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks" / "speed"))
    return import_module("sweep")


@pytest.mark.parametrize("closed_over", [False, True])
def test_the_loop_makes_the_runs_of_the_map(benchmark, closed_over):
    from bestiary.phenomena.catapult import PHENOMENON as p

    static = p.static._replace(steps=60, width=64)
    settings = [p.knobs._replace(lr=lr) for lr in (1.0, 3.0, 4.5)]
    small = replace(p, static=static)
    setup = Setup("catapult", small, "x")
    wanted = [Request(setup, knobs, static, 2, 0) for knobs in settings]
    mapped = [f for judged in answer(wanted, NoStore()).values() for f in judged.findings]
    looped = benchmark.loop(small, settings, 2, closed_over)
    assert (
        [f.phase for f in looped] == [f.phase for f in mapped] == ["lazy"] * 2 + ["catapult"] * 2 + ["divergence"] * 2
    )
    np.testing.assert_allclose(looped[2].effects["peak"].value, mapped[2].effects["peak"].value, rtol=1e-3)
