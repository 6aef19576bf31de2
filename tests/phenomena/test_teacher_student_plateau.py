"""teacher_student_plateau: the setup against arithmetic in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.phenomena import teacher_student_plateau


@pytest.mark.parametrize("units", [1, 2, 3])
def test_the_error_is_the_mean_over_examples(units):
    static = teacher_student_plateau.PHENOMENON.static._replace(units=units, inputs=5)
    rng = np.random.default_rng(0)
    students = rng.normal(size=(units, 5)) * 0.7
    x = jnp.asarray(rng.normal(size=(100_000, 5)), jnp.float32)
    seen = jax.vmap(lambda one: teacher_student_plateau.one_error(jnp.asarray(students, jnp.float32), one, static))(x)
    exact = float(teacher_student_plateau.error(jnp.asarray(students), static))
    assert exact == pytest.approx(float(seen.mean()), abs=5 * float(seen.std()) / 100_000**0.5)


@pytest.mark.parametrize(("units", "growth"), [(2, 0.06575), (3, 0.04612)])
def test_the_symmetric_plateau_is_a_saddle_with_one_growth(units, growth):
    """At Saad and Solla's fixed point nothing moves, and what grows does so at the rate of the setup."""
    static = teacher_student_plateau.PHENOMENON.static._replace(units=units, inputs=units + 2)

    def at(flat):
        return teacher_student_plateau.error(flat.reshape(units, -1), static)

    size = 1 / np.sqrt(units * (2 * units - 1))
    saddle = jnp.asarray(size * np.tile(np.eye(units, units + 2).sum(0), units))
    assert float(at(saddle)) == pytest.approx(teacher_student_plateau.symmetric_error(units), abs=1e-6)
    assert np.asarray(jax.grad(at)(saddle)) == pytest.approx(0, abs=1e-6)
    curvatures = np.linalg.eigvalsh(np.asarray(jax.hessian(at)(saddle)))
    exact = 2 * units / (np.pi * (2 * units + 1) * np.sqrt(4 * units**2 - 1))
    assert exact == pytest.approx(growth, abs=1e-5)
    assert curvatures[: (units - 1) ** 2] == pytest.approx(-exact, abs=1e-5)
    assert (curvatures[(units - 1) ** 2 :] > -1e-5).all()
