"""Multilayer perceptrons: layers of a weight matrix and a bias each, with an activation between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp

from bestiary.initial import normals

Params = dict[str, jax.Array]


def init_mlp(key: jax.Array, widths: Sequence[int]) -> Params:
    """Draw weights W_l ~ N(0, 1 / d_{l-1}), and set biases to 0.

    Args:
        key: PRNG key.
        widths: d_0, ..., d_L, the inputs first, the outputs last.

    Returns:
        w1, ..., wL, each (d_{l-1}, d_l), and b1, ..., bL, each (d_l,).

    Source. LeCun et al., "Efficient BackProp" (1998), section 4.6.
    """
    weights = normals(key, **{f"w{i}": shape for i, shape in enumerate(pairwise(widths), 1)})
    weights = {name: w / w.shape[0] ** 0.5 for name, w in weights.items()}
    return weights | {f"b{i}": jnp.zeros(width) for i, width in enumerate(widths[1:], 1)}


def hidden_layers(params: Params, x: jax.Array, activation: Callable[[jax.Array], jax.Array]) -> list[jax.Array]:
    """Return the outputs of all hidden layers, h_l = activation(h_{l-1} W_l + b_l), h_0 = x.

    Args:
        params: w1, ..., wL and b1, ..., bL as in `init_mlp`.
        x: (n, d_0).
        activation: acts entry by entry.

    Returns:
        h_1, ..., h_{L-1}, each (n, d_l).
    """
    layers = []
    for i in range(1, len(params) // 2):
        x = activation(x @ params[f"w{i}"] + params[f"b{i}"])
        layers.append(x)
    return layers


def mlp(params: Params, x: jax.Array, activation: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """Return the outputs h_{L-1} W_L + b_L of the network whose hidden layers are `hidden_layers`.

    Args:
        params: w1, ..., wL and b1, ..., bL as in `init_mlp`.
        x: (n, d_0).
        activation: acts entry by entry.

    Returns:
        (n, d_L).
    """
    depth = len(params) // 2
    last = [x, *hidden_layers(params, x, activation)][-1]
    return last @ params[f"w{depth}"] + params[f"b{depth}"]
