"""A plateau anywhere in a stranger's loss, and the drop that ends it."""

import numpy as np
import pytest

from bestiary.detectors._plateaus import plateau_end
from bestiary.log import Log, State
from bestiary.watch import detect

T = np.arange(1000.0)
ROUGH = np.exp(0.01 * np.random.default_rng(0).normal(size=T.size))
RATE = {"lr": np.full(T.size, 1e-3)}


def drop(at=600, width=20, share=0.3, level=7.0):
    """A loss that falls to a level at once, and by a share of it at a record."""
    done = 1 / (1 + np.exp(np.clip((at - T) * 4.4 / width, -500, 500)))
    return (level + 3 * np.exp(-T / 20)) * (1 - share * done) * ROUGH


@pytest.mark.parametrize("share", [0.2, 0.3, 0.8])
@pytest.mark.parametrize("given", [{}, RATE], ids=["without a rate", "with"])
def test_a_drop_by_less_than_half_is_found(share, given):
    f = plateau_end(Log.of(T, loss=drop(share=share), **given), lr="lr" if given else None)
    assert f.found and abs(f.onset - 610) < 12 and f.effects["drop"].value == pytest.approx(share, abs=0.03)
    assert f.effects["plateau_ratio"].value > 20 and ("is given here" in f.reason) is (not given)


def test_it_is_told_as_plateau_escape_with_its_own_place():
    """The detector of the catalog's entries asks for a drop by half, and reads the end of the run as its bottom."""
    slowly = np.where(T > 620, 0.7 + 0.3 * np.exp(-(T - 620) / 150), 1)
    log = Log.of(T, loss=drop() * slowly, **RATE)
    (answer,) = [a for a in detect.answers(log) if a.detector == "plateau_escape"]
    assert answer.finding.found and abs(answer.finding.onset - 610) < 20
    (answer,) = [a for a in detect.answers(log, {"plateau_escape": {"depth": 0.5}}) if a.detector == "plateau_escape"]
    assert not answer.finding.found  # with thresholds that were set, the detector alone is asked


@pytest.mark.parametrize(
    "loss, given, why",
    [
        (drop(width=2), {}, "at once"),
        (np.where(T < 600, 7, 4 + 3 * np.exp(-(T - 600) / 6)) * ROUGH, {}, "at once"),
        (drop(), {"lr": np.where(T < 595, 1e-2, 1e-3)}, "rate is cut"),
        (drop(300) * drop(700) / (7 + 3 * np.exp(-T / 20)), {}, "stairs"),
        (np.where((T > 400) & (T < 600), 9.0, 4.0) * ROUGH, RATE, "no plateau"),
        (4 + 6 * np.exp(-T / 200), RATE, "no plateau"),
        (drop(share=0.05), RATE, "no plateau"),
        (np.where(T < 600, 7, np.where(T < 640, 3, 7)) * ROUGH, RATE, "no plateau"),
    ],
    ids=["a step", "a kink", "a cut", "stairs", "a spike recovers", "decay", "shallow", "it comes back"],
)
def test_what_is_none(loss, given, why):
    f = plateau_end(Log.of(T, loss=loss, **given), lr="lr" if given else None)
    assert f.state is State.ABSENT and why in f.reason


def test_few_records():
    assert plateau_end(Log.of(T[:20], loss=T[:20] + 1)).state is State.UNDECIDED
