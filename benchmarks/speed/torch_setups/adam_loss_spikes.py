"""A curve fitted by two parameters, or by a small tanh network."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import Adam, Setup, normals


def shared(knobs, static):
    """The curve."""
    x = torch.linspace(-1.0, 1.0, 64)
    return {"x": x, "y": {"square": x.square(), "chebyshev": 8 * x**4 - 8 * x**2 + 1}[static.target]}


def begin(knobs, static, generator):
    """Weights."""
    if static.network == "pair":
        return {"a": 0.01 * normals(generator, 1), "w": 1.0 + 0.01 * normals(generator, 1)}, {}
    params = {f"b{i}": torch.zeros(n) for i, n in ((1, 16), (2, 16), (3, 1))}
    for name, (rows, columns) in {"w1": (1, 16), "w2": (16, 16), "w3": (16, 1)}.items():
        params[name] = normals(generator, rows, columns) / rows**0.5
    return params, {}


def network(p, x, static):
    """(n,) -> (n,)."""
    if static.network == "pair":
        return p["a"] * (F.silu(p["w"] * x) + F.silu(-p["w"] * x))
    hidden = torch.addmm(p["b1"], x[:, None], p["w1"]).tanh()
    hidden = torch.addmm(p["b2"], hidden, p["w2"]).tanh()
    return torch.addmm(p["b3"], hidden, p["w3"])[:, 0]


def loss(params, batch, shared, knobs, static):
    """1/2 mean (f - y)^2."""
    return 0.5 * (network(params, shared["x"], static) - shared["y"]).square().mean(), {}


def observe(params, own, found, shared, knobs, static):
    """The loss of the step."""
    return {"loss": found["loss"]}


def optimizer(knobs):
    """Adam."""
    return Adam(knobs.lr, (0.9, knobs.beta2))


SETUP = Setup(shared, begin, loss, observe, optimizer)
