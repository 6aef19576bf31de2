"""Settings that Python asks for: names, kinds, words and ranges, on setups of the catalog and of one's own."""

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import pytest
from tiny import BOWL

from bestiary.catalog.axes import parse as axis
from bestiary.catalog.read import read_catalog
from bestiary.catalog.values import declared
from bestiary.judge import setting
from bestiary.judge.setup import load
from bestiary.maps import explore
from bestiary.train.jobs import Setup
from bestiary.train.memory import TooLarge
from bestiary.train.store import NoStore

ENTRIES = read_catalog()


@pytest.fixture(scope="module")
def spikes():
    return load(ENTRIES["adam_loss_spikes"])


class Words(NamedTuple):
    optimizer: Literal["sgd", "adam"] = "sgd"
    label: str = "any"
    width: int = 4
    steps: int = 20
    log_every: int = 10


class Late(NamedTuple):
    optimizer: 'Literal["sgd", "adam"]' = "sgd"
    steps: int = 20
    log_every: int = 10


OWN = Setup.of("own", replace(BOWL, static=Words()))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lr": -1.0}, "lr: want > 0, not -1"),
        ({"lr": float("nan")}, "lr: want a finite number, not nan"),
        ({"lr": 10**400}, "lr: want a number of at most 3.4e"),
        ({"lr": "fast"}, "lr: want a number, not 'fast'"),
        ({"lr": True}, "lr: want a number, not True"),
        ({"lr": None}, "lr: want a number, not None"),
        ({"steps": 0}, "steps: want >= 1, not 0"),
        ({"steps": 10.0}, "steps: want an integer, not 10.0"),
        ({"steps": True}, "steps: want an integer, not True"),
        ({"log_every": 10**6}, "log_every: want 1 to steps (5000), not 1000000"),
        ({"optimizer": "adm"}, "optimizer: want adam or sgd, not 'adm'; did you mean 'adam'?"),
        ({"optimizer": 1}, "optimizer: want adam or sgd, not 1"),
        ({"colour": 1}, "colour: adam_loss_spikes has no knob 'colour'; it has lr, beta2, "),
        ({"optimiser": "sgd"}, "optimiser: adam_loss_spikes has no knob 'optimiser'; did you mean 'optimizer'?"),
    ],
)
def test_a_value_that_is_refused(spikes, changes, says):
    with pytest.raises(ValueError) as error:
        setting.change_values(spikes, None, changes)
    assert str(error.value).startswith(says)
    assert "\n" not in str(error.value)


def test_values_that_are_taken(spikes):
    made = setting.change_values(spikes, None, {"lr": 1, "beta2": np.float32(0.5), "network": "mlp", "steps": 10})
    assert (made.knobs.lr, made.knobs.beta2, made.static.network, made.static.steps) == (1.0, 0.5, "mlp", 10)
    assert type(made.knobs.lr) is float
    assert setting.change_values(spikes, None, {}).label == "default"
    assert setting.parse(spikes, None, [" lr = 0.5 "]).knobs.lr == 0.5


def test_a_case_and_a_change_are_checked_together(spikes):
    case = next(name for name, case in spikes.cases.items() if case.static.get("network"))
    made = setting.change_values(spikes, case, {"lr": 0.5})
    assert made.static.network == spikes.cases[case].static["network"]
    with pytest.raises(ValueError, match=r"^xyz: adam_loss_spikes has no such case; it has "):
        setting.change_values(spikes, "xyz", {})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"optimizer": "adm"}, "optimizer: want sgd or adam, not 'adm'; did you mean 'adam'?"),
        ({"width": 0}, "width: want >= 1, not 0"),
        ({"steps": 0}, "steps: want >= 1, not 0"),
        ({"log_every": 21}, "log_every: want 1 to steps (20), not 21"),
        ({"steps": 5}, "steps: does not fit log_every=10: want 1 to steps (5)"),
        ({"lr": float("inf")}, "lr: want a finite number, not inf"),
    ],
)
def test_a_setup_of_ones_own_has_words_and_counts_too(changes, says):
    with pytest.raises(ValueError) as error:
        setting.change_values(OWN, None, changes)
    assert str(error.value) == says


def test_what_a_setup_of_ones_own_does_not_state_is_free():
    made = setting.change_values(OWN, None, {"lr": -1.0, "label": "whatever", "optimizer": "adam"})
    assert (made.knobs.lr, made.static.label, made.static.optimizer) == (-1.0, "whatever", "adam")


def test_words_may_be_written_as_text():
    assert declared(BOWL.knobs, Late())[-3].words == ("sgd", "adam")


def test_another_static_part_leaves_ranges_of_what_it_lacks(spikes):
    """A knob of an entry whose upper end is a static value, in a setup that has no such value."""
    from bestiary.phenomena import sparse_parity

    knobs = {knob.name: knob for knob in declared(sparse_parity.PHENOMENON.knobs, Words())}
    assert knobs["relevant"].ranges == ()
    assert knobs["lr"].allowed == "> 0"


def test_a_map_checks_its_axes_and_its_memory(spikes, monkeypatch):
    plain = setting.change_values(spikes, None, {})
    with pytest.raises(ValueError, match=r"^beta2=1: want >= 0 and < 1, not 1$"):
        explore.plan(plain, [axis("beta2=0.5,1")], 2, 0)
    monkeypatch.setattr("bestiary.train.memory.available", lambda: 1e5)
    with pytest.raises(TooLarge, match=r"^steps=100000: needs about "):
        explore.plan(plain, [axis("steps=10,100000")], 2, 0)


def test_what_does_not_fit_into_memory_is_not_trained(spikes, monkeypatch):
    monkeypatch.setattr("bestiary.train.memory.available", lambda: 1e5)
    monkeypatch.setattr("bestiary.judge.rounds.execute", None)
    with pytest.raises(TooLarge, match=r"^steps=100000: needs about "):
        setting.run(setting.change_values(spikes, None, {"steps": 100_000}), 2, 0, NoStore())
