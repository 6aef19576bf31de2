"""Claims, findings and the verdict of one claim, in few words."""

from bestiary.catalog.claims import Claim
from bestiary.judge.outcome import Outcome
from bestiary.judge.verdict import judge
from bestiary.log import Finding, State

HOLDS, FAILS, INCONCLUSIVE = Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE


def claim(of, unit=None, **statistic):
    return Claim(of=of, unit=unit, source="measured", **statistic)


def found(k, n, state=State.ABSENT):
    return [Finding(State.FOUND, "")] * k + [Finding(state, "")] * (n - k)


def onsets(values, state=State.FOUND):
    return [Finding(state, "", onset=float(v)) for v in values]


def one(a_claim, findings, **options):
    (verdict,) = judge([a_claim], findings, **options)
    return verdict
