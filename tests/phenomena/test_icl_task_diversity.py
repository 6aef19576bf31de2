"""icl_task_diversity: the setup against arithmetic in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import icl_task_diversity


def test_training_ends_at_what_is_learned_of_each_eigenvector():
    p = icl_task_diversity.PHENOMENON
    static = p.static._replace(inputs=4, most_tasks=8)
    state, covariance, knobs, _ = begun(p, static, tasks=3.0, lr=0.05)
    r, basis = np.linalg.eigh(np.asarray(covariance, np.float64))
    n = 4 * float(knobs.context)
    c = (r.sum() + 4 * float(knobs.noise) ** 2) / n
    ends = basis @ np.diag(r / ((1 + 1 / n) * r + c)) @ basis.T
    step = jax.jit(lambda s: p.step(None, s, covariance, knobs, static))
    for _ in range(1500):
        state = step(state)
    assert np.asarray(state.params) == pytest.approx(ends, abs=2e-4)
    assert r[0] == pytest.approx(0, abs=1e-5)  # three tasks leave one direction unknown
    for tasks, name in ((covariance, "old_loss"), (jnp.eye(4), "new_loss")):
        square = (1 + 1 / n) * np.asarray(tasks) + (np.trace(tasks) + 4 * float(knobs.noise) ** 2) / n * np.eye(4)
        missed = np.trace(ends.T @ square @ ends) - 2 * np.trace(ends.T @ np.asarray(tasks)) + np.trace(tasks)
        seen = p.observe(state, covariance, knobs, static)[name]
        assert float(seen) == pytest.approx(missed / np.trace(tasks), rel=1e-3)
