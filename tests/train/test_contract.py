"""One line for every way in which a setup's channels cannot be recorded."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest
import tiny

from bestiary.train import trainer
from bestiary.train.contract import check_channels


def check(p=tiny.BOWL, static=None, **options):
    static = static or p.static
    carry = jax.eval_shape(partial(trainer.begin_run, p, p.static), p.knobs, 0, 0)
    check_channels(p, static, carry.state, carry.data, carry.knobs, **options)


def seen(value, **more):
    """The bowl, whose `observe` returns a value."""
    return replace(tiny.BOWL, observe=lambda state, data, knobs, static: value, **more)


def probed(value, **more):
    """The bowl, whose `probe` returns a value."""
    return replace(tiny.BOWL, probe=lambda state, data, knobs, static: value, **more)


@pytest.mark.parametrize("p", [tiny.BOWL, tiny.NATURAL, tiny.PLAYERS, tiny.SUM, tiny.KEYS, tiny.NET])
def test_setups_that_can_be_recorded_pass(p):
    check(p)


def test_numbers_of_python_are_scalars():
    check(seen({"w": 1.0, "n": 2}))


SCALAR = jnp.zeros(())
WRONG = [
    (seen(SCALAR), TypeError, "observe returns a scalar of shape (); want {channel: scalar}"),
    (seen(jnp.zeros(3)), TypeError, "observe returns an array of shape (3,); want {channel: scalar}"),
    (seen(None), TypeError, "observe returns None; want {channel: scalar}"),
    (seen([SCALAR]), TypeError, "observe returns a list; want {channel: scalar}"),
    (probed(SCALAR), TypeError, "probe returns a scalar of shape (); want {channel: scalar}"),
    (
        seen({"w": SCALAR, "loss": jnp.zeros(32)}),
        ValueError,
        "observe: channel 'loss' has shape (32,); want a scalar, shape ()",
    ),
    (
        probed({"when": jnp.zeros((1, 1))}),
        ValueError,
        "probe: channel 'when' has shape (1, 1); want a scalar, shape ()",
    ),
    (seen({"w": {"a": SCALAR}}), TypeError, "observe: channel 'w' is a dict; want a scalar, shape ()"),
    (seen({"w": None}), TypeError, "observe: channel 'w' is None; want a scalar, shape ()"),
    (seen({"w": 1j * SCALAR}), TypeError, "observe: channel 'w' is complex; want a real number"),
    (
        probed({"w": SCALAR}),
        ValueError,
        "probe: channel 'w' is returned by observe too; want one of them",
    ),
    (
        replace(tiny.BOWL, figure=("W",)),
        ValueError,
        "figure names 'W', no channel of observe or probe; want some of rate, w, w0, when",
    ),
    (
        replace(tiny.NATURAL, figure=("w", "loss")),
        ValueError,
        "figure names 'loss', no channel of observe; want some of rate, w, w0",
    ),
]


@pytest.mark.parametrize(("p", "kind", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_what_is_wrong_is_said_in_one_line(p, kind, words):
    with pytest.raises(kind) as caught:
        check(p)
    assert str(caught.value) == words


UNITS = {"w": "m", "w0": "m", "rate": "1", "when": "step"}


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ({"w": "m"}, "observe: channel 'rate' has no unit in units; want one, '1' if dimensionless"),
        (UNITS | {"when": ""}, "probe: channel 'when' has no unit in units; want one, '1' if dimensionless"),
        (UNITS | {"W": "m"}, "units names 'W', no channel of observe or probe; want some of rate, w, w0, when"),
    ],
)
def test_units_name_the_channels_where_they_must(units, words):
    """Where they need not, another static part may have other channels."""
    p = replace(tiny.BOWL, units=units)
    check(p)
    with pytest.raises(ValueError) as caught:
        check(p, exact_units=True)
    assert str(caught.value) == words
    check(replace(tiny.BOWL, units=UNITS), exact_units=True)


def test_the_static_part_is_checked_before_anything_is_traced():
    class NoInterval(NamedTuple):
        steps: int = 4

    def never(state, data, knobs, static):
        raise AssertionError("traced")

    with pytest.raises(ValueError, match=r"^NoInterval lacks log_every; want a NamedTuple with steps and log_every$"):
        check(replace(tiny.BOWL, observe=never), static=NoInterval())


def test_nothing_is_computed():
    """Traced values are abstract: no branch of Python can look at them."""
    states = []

    def watched(state, data, knobs, static):
        states.append(state)
        return {"w": state.params}

    check(replace(tiny.NATURAL, observe=watched))
    assert len(states) == 1 and isinstance(states[0].params, jax.core.Tracer)
