"""Setups whose runs can be written down by hand, and one network that no one can."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.entry import Phenomenon, log_schedule
from bestiary.initial import normals
from bestiary.log import Finding, Log, State


class Steps(NamedTuple):
    steps: int = 40
    log_every: int = 4


class BowlKnobs(NamedTuple):
    lr: float = 0.1
    curvature: float = 3.0


def no_data(key, knobs, static):
    return ()


def detect(log: Log) -> Finding:
    return log.lacking(["w"]) or Finding(State.ABSENT, "nothing to find")


def bowl_init(key, knobs, static):
    return 1.0 + jax.random.uniform(key)


def bowl_loss(w, data, knobs, static):
    return 0.5 * knobs.curvature * w**2


def descent(knobs, static):
    return optax.sgd(knobs.lr)


def bowl_observe(state, data, knobs, static):
    return {"w": state.params, "w0": state.start, "rate": knobs.lr}


def bowl_probe(state, data, knobs, static):
    return {"when": state.step}


BOWL = Phenomenon(
    knobs=BowlKnobs(),
    static=Steps(),
    data=no_data,
    init=bowl_init,
    loss=bowl_loss,
    optimizer=descent,
    observe=bowl_observe,
    probe=bowl_probe,
    probe_every=3,
    schedule=log_schedule,
    detect=detect,
    units={"w": "m", "when": "step"},
    figure=("w",),
    clock=("update", "step"),
)


def by_curvature(params, data, knobs, static):
    return knobs._replace(lr=knobs.lr * 2 / jax.hessian(bowl_loss)(params, data, knobs, static))


def small(log: Log) -> bool:
    return bool(abs(log["w"].values[-1]) < 1e-3)


# The same bowl with lr in units of 2 / curvature; it has settled once |w| < 1e-3.
NATURAL = Phenomenon(
    knobs=BowlKnobs(),
    static=Steps(steps=80, log_every=2),
    data=no_data,
    init=bowl_init,
    loss=bowl_loss,
    optimizer=descent,
    observe=bowl_observe,
    calibrate=by_curvature,
    settled=small,
    detect=detect,
    units={},
    figure=("w",),
)


class PlayersKnobs(NamedTuple):
    lr: float = 0.1


def players_init(key, knobs, static):
    return {"x": jax.random.uniform(key), "y": jnp.ones(())}


def players_step(key, state, data, knobs, static):
    x, y = state.params["x"], state.params["y"]
    return state._replace(params={"x": x - knobs.lr * y, "y": y + knobs.lr * x})


def players_observe(state, data, knobs, static):
    return {"r2": state.params["x"] ** 2 + state.params["y"] ** 2}


# min over x, max over y, of x y: both move at once.
PLAYERS = Phenomenon(
    knobs=PlayersKnobs(),
    static=Steps(),
    data=no_data,
    init=players_init,
    step=players_step,
    observe=players_observe,
    detect=detect,
    units={},
    figure=("r2",),
)


class SumKnobs(NamedTuple):
    power: float = 1.0


def sum_data(key, knobs, static):
    return jax.random.uniform(key, (static.steps,)) ** knobs.power


def stay(key, state, data, knobs, static):
    return state


def sum_observe(state, data, knobs, static):
    return {"sum": jnp.sum(jnp.where(jnp.arange(static.steps) < state.step, data, 0.0))}


# Nothing is trained: the recorded axis is how much of the data one looks at.
SUM = Phenomenon(
    knobs=SumKnobs(),
    static=Steps(steps=12, log_every=5),
    data=sum_data,
    init=no_data,
    step=stay,
    observe=sum_observe,
    detect=detect,
    units={},
    figure=("sum",),
    clock=("size", "example"),
)


def keys_init(key, knobs, static):
    return jax.random.uniform(key)


def keys_batch(key, data, knobs, static):
    return jax.random.uniform(key)


def keys_loss(params, batch, knobs, static):
    return params * batch


# Step size 1 and gradient = the draw: what a step subtracts is what its key drew.
KEYS = Phenomenon(
    knobs=PlayersKnobs(lr=1.0),
    static=Steps(steps=6, log_every=1),
    data=no_data,
    init=keys_init,
    batch=keys_batch,
    loss=keys_loss,
    optimizer=descent,
    observe=lambda state, data, knobs, static: {"w": state.params},
    detect=detect,
    units={},
    figure=("w",),
)


class NetKnobs(NamedTuple):
    lr: float = 0.01
    scale: float = 1.0


class NetStatic(NamedTuple):
    steps: int = 30
    log_every: int = 3
    examples: int = 32


def net_data(key, knobs, static):
    # A draw would cost half a second to compile.
    x = jnp.cos(1.0 + jnp.arange(static.examples * 4.0) ** 1.5).reshape(-1, 4)
    return x, jnp.sin(x.sum(1, keepdims=True))


def net_init(key, knobs, static):
    weights = {name: w * knobs.scale / 2 for name, w in normals(key, w1=(4, 8), w2=(8, 1)).items()}
    return weights | {"b1": jnp.zeros(8), "b2": jnp.zeros(1)}


def net_batch(key, data, knobs, static):
    chosen = jnp.int32(static.examples * jax.random.uniform(key, (8,)))
    return data[0][chosen], data[1][chosen]


def net_loss(params, batch, knobs, static):
    x, y = batch
    hidden = jnp.tanh(x @ params["w1"] + params["b1"])
    return jnp.mean((hidden @ params["w2"] + params["b2"] - y) ** 2)


def net_optimizer(knobs, static):
    return optax.adam(knobs.lr)


def net_observe(state, data, knobs, static):
    return {"loss": net_loss(state.params, data, knobs, static), "bias": jnp.linalg.norm(state.params["b1"])}


# Biases and Adam's moments begin as constants: made inside shard_map they would be counted as
# replicated, and runs on different devices would share their gradients.
NET = Phenomenon(
    knobs=NetKnobs(),
    static=NetStatic(),
    data=net_data,
    init=net_init,
    batch=net_batch,
    loss=net_loss,
    optimizer=net_optimizer,
    observe=net_observe,
    detect=detect,
    units={"loss": "1"},
    figure=("loss",),
)
