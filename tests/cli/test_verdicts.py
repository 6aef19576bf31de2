"""What is said of all verdicts together."""

from types import SimpleNamespace

import pytest

from bestiary.cli.output.verdicts import summary
from bestiary.judge.outcome import Outcome


@pytest.mark.parametrize(
    "n, alpha, bound",
    [(1, 1e-4, "0.0001"), (900, 1e-4, "0.09"), (40, 0.05, "1"), (0, 1e-4, "0")],  # 1 - (1 - 1e-4)^900 is 0.086
)
def test_the_false_alarm_rate_is_bounded_without_independence(n, alpha, bound):
    said = summary([SimpleNamespace(outcome=Outcome.HOLDS)] * n, alpha)
    assert said.startswith(f"{n} claims: {n} hold, 0 fail, 0 are inconclusive.")
    assert said.endswith(f"this check would fail with probability {bound} at most.")
