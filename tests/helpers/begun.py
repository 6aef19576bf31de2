"""The start of one run of a setup, without a store and without training it."""

from bestiary.train import trainer


def begun(phenomenon, static=None, seed=0, **knobs):
    """Start of one run, its data, its knobs and its static values."""
    static = static or phenomenon.static
    state, data, knobs, *_ = trainer.begin_run(phenomenon, static, phenomenon.knobs._replace(**knobs), seed, 0)
    return state, data, knobs, static
