"""Random initial values from one draw.

Every `jax.random` call of a distinct shape costs about half a second of compile time on a
CPU, so a network's leaves are cut out of one flat draw.
"""

from __future__ import annotations

import math
from typing import Any

import jax


def normals(key: jax.Array, **shapes: tuple[int, ...]) -> dict[str, jax.Array]:
    """Draw independent standard normal arrays, N(0, 1), at once.

    Args:
        key: PRNG key.
        shapes: name=shape of every array wanted.

    Returns:
        {name: array of that shape}.
    """
    sizes = [math.prod(s) for s in shapes.values()]
    flat, out, first = jax.random.normal(key, (sum(sizes),)), {}, 0
    for (name, shape), size in zip(shapes.items(), sizes, strict=True):
        out[name] = flat[first : first + size].reshape(shape)
        first += size
    return out


def normals_like(key: jax.Array, like: Any) -> Any:
    """Draw standard normal arrays, N(0, 1), in the place of every leaf of a tree, at once.

    Args:
        key: PRNG key.
        like: any pytree whose leaves have a shape, such as `jax.eval_shape` of a flax module's `init`.

    Returns:
        The same tree of arrays.
    """
    leaves, tree = jax.tree.flatten(like)
    drawn = normals(key, **{str(i): leaf.shape for i, leaf in enumerate(leaves)})
    return jax.tree.unflatten(tree, list(drawn.values()))
