"""What a step costs."""

from __future__ import annotations

from functools import partial
from typing import Any


def flops(p: Any, knobs: Any, static: Any) -> float:
    """Of one step of one seed: XLA's cost analysis of the step as lowered, before any optimisation."""
    import jax
    import numpy as np

    from bestiary.train import trainer

    knobs = type(knobs)(*map(np.float32, knobs))
    carry = jax.eval_shape(partial(trainer.begin_run, p, static), knobs, np.uint32(0), np.uint32(0))
    with jax.default_device(jax.local_devices(backend="cpu")[0]):  # not every device's compiler counts
        cost = jax.jit(partial(trainer.step_run, p, static)).lower(carry).cost_analysis()
    if cost is None:
        raise RuntimeError("this version of JAX has no cost analysis")
    return cost["flops"]
