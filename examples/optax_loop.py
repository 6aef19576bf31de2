"""A plain optax loop that is watched: a learning rate above 2 / sharpness, found out while it trains."""

import jax
import jax.numpy as jnp
import optax

from bestiary.about import Severity
from bestiary.watch.monitor import Monitor

CURVATURE = jnp.array([1.0, 10.0])  # gradient descent is stable below a learning rate of 0.2


def main(lr: float = 0.21, steps: int = 2000) -> Monitor:
    """Train until the monitor finds an error, or to the end."""

    def loss_of(w: jax.Array) -> jax.Array:
        return jnp.sum(CURVATURE * w**2) / 2

    optimiser, w = optax.sgd(lr), jnp.ones(2)
    state, grad = optimiser.init(w), jax.jit(jax.value_and_grad(loss_of))

    monitor = Monitor(on_finding=print)
    for step in range(steps):
        loss, g = grad(w)
        monitor.log(step, train_loss=loss, grad_norm=jnp.linalg.norm(g))
        if monitor.worst is Severity.ERROR:
            break
        updates, state = optimiser.update(g, state)
        w = optax.apply_updates(w, updates)
    monitor.finish()
    return monitor


if __name__ == "__main__":
    main()
