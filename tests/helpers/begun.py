"""One run of a setup without a store: its start, and its states step by step."""

import jax

from bestiary.train import trainer


def begun(phenomenon, static=None, seed=0, **knobs):
    """Start of one run, its data, its knobs and its static values."""
    static = static or phenomenon.static
    state, data, knobs, *_ = trainer.begin_run(phenomenon, static, phenomenon.knobs._replace(**knobs), seed, 0)
    return state, data, knobs, static


def trained(phenomenon, steps, **knobs):
    """States of one run after each of the steps, its data, and its calibrated knobs."""
    state, data, knobs, static = begun(phenomenon, **knobs)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    step = jax.jit(lambda s: trainer.step_run(phenomenon, static, trainer.Carry(s, data, knobs, key)))
    states = [state]
    for _ in range(steps):
        states.append(step(states[-1]))
    return states, data, knobs
