"""A fall of the loss where the rate is cut, and falls without one."""

import numpy as np
from curves import T, stepped

from bestiary.detectors.lr_drop import lr_drop
from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.log import Log


def test_cuts_are_counted_and_measured():
    f = lr_drop(stepped(T)[0])
    assert f.onset == 500 and f.effects["count"].value == 2 and abs(f.effects["drop"].value - 0.4) < 0.01


def test_a_rate_that_falls_smoothly_has_no_cut():
    loss = stepped(T)[0]["loss"].values
    assert not lr_drop(Log.of(T, loss=loss, lr=0.1 * np.exp(-T / 200))).found
    assert not lr_drop(Log.of(T, loss=np.ones(1000), lr=np.where(T < 500, 0.1, 0.01))).found


def test_a_drop_that_the_rate_explains_is_no_escape_from_a_plateau():
    loss = np.where(T < 600, 1.0, 0.1 + 0.9 * np.exp(-(T - 600) / 8))
    log = Log.of(T, loss=loss, lr=np.where(T < 600, 0.1, 0.01))
    assert plateau_escape(log).found
    f = plateau_escape(log, lr="lr")
    assert not f.found and "the learning rate is cut where loss drops" in f.reason
    steady = Log.of(T, loss=loss, lr=np.full(1000, 0.1))
    assert plateau_escape(steady, lr="lr").found
    at_once = Log.of(T, loss=np.where(T < 600, 1.0, 0.2))
    assert "often a cut of the learning rate" in plateau_escape(at_once).reason
    assert "cut" not in plateau_escape(log).reason
