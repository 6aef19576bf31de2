"""What a function becomes when JAX traces it."""

from collections.abc import Callable, Iterator
from typing import Any

import jax


def equations(jaxpr: Any) -> Iterator[Any]:
    """Every equation of a jaxpr, those of inner ones included."""
    for each in jaxprs(jaxpr):
        yield from each.eqns


def jaxprs(jaxpr: Any) -> Iterator[Any]:
    """A jaxpr, closed or not, and all those inside it."""
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    yield jaxpr
    for eqn in jaxpr.eqns:
        for value in jax.tree.leaves(list(eqn.params.values())):
            if hasattr(getattr(value, "jaxpr", value), "eqns"):
                yield from jaxprs(value)


def draws(function: Callable, *args: Any) -> int:
    """How often a function asks the random number generator for bits."""
    return sum(eqn.primitive.name == "random_bits" for eqn in equations(jax.make_jaxpr(function)(*args)))


def largest_constant(function: Callable, *args: Any) -> int:
    """Number of elements of the largest array that a function closes over."""
    closed = jax.make_jaxpr(function)(*args)
    found = [c for c in closed.consts]
    for eqn in equations(closed):
        found += [v.val for v in eqn.invars if hasattr(v, "val")]
        found += [c for p in jax.tree.leaves(list(eqn.params.values())) for c in getattr(p, "consts", ())]
    return max((int(getattr(c, "size", 1)) for c in found), default=0)


def reads(function: Callable, *args: Any) -> list[bool]:
    """For each leaf of the arguments, whether a result depends on it; a loop counts as reading all it is given."""
    jaxpr = jax.make_jaxpr(function)(*args).jaxpr
    needed = {v for v in jaxpr.outvars if not hasattr(v, "val")}
    for eqn in reversed(jaxpr.eqns):
        if needed.intersection(eqn.outvars):
            needed.update(v for v in eqn.invars if not hasattr(v, "val"))
    return [v in needed for v in jaxpr.invars]
