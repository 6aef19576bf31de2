"""On curves of healthy runs nothing is found, whatever their noise; benchmarks/detectors/everyday.py counts on more."""

import pytest
from healthy import HEALTHY, healthy

from bestiary.watch import detect

TRUE = {"classifier": {"lr_drop"}}  # of some the rate is cut, and the loss falls there


@pytest.mark.parametrize("kind", HEALTHY)
def test_nothing_is_found(kind):
    for seed in range(8):
        found = {a.detector: a.finding.reason for a in detect.answers(healthy(kind, seed)) if a.severity is not None}
        assert set(found) <= TRUE.get(kind, set()), (seed, found)
