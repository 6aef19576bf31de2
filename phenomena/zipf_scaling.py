r"""Zipf scaling: the loss is a power of the data because the rank of a fact is a power of how rare it is.

Setup. Data: K facts y_i; one comes up with p_i ~ i^-(1 + alpha), independently at every example. Network:
a table w, one entry for each of the first N facts. SGD on 1/2 (w_i - y_i)^2, an example at a time, so that what is
left of an error is (1 - lr)^(times seen); at lr = 1 a fact is known once it was seen. Loss: sum_i p_i (w_i - y_i)^2,
in units of that at the start.

Claim. Each fact is learned by itself, in a time 1 / p_i, exponentially. The mean loss is
    E(n) = sum_i p_i (1 - p_i (1 - (1 - lr)^2))^n,
a mixture of exponentials, which after n examples has lost all terms but those rarer than 1 / n:
    E(n) ~ n^-(alpha / (1 + alpha)),   distinct facts seen ~ n^(1 / (1 + alpha))   (Heaps' law).
A table of N entries keeps sum_{i > N} p_i ~ N^-alpha for ever. The step size changes the constant,
(lr (2 - lr))^-(alpha / (1 + alpha)), and no exponent.

Control. With facts that all come up alike, or with few facts, there is none that is rarer than 1 / n
in the end, and the loss falls exponentially. Frequencies that fall exponentially with the rank have exponent -1.

Source. Hutter, arXiv:2102.04074; for skills of a network, Michaud et al., arXiv:2303.13506.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary import fact_table
from bestiary.detectors.power_tail import power_tail
from bestiary.entry import Phenomenon, log_schedule
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    alpha: float = 1.0  # [1] p_i ~ i^-(1 + alpha), or falls by exp(-alpha) a rank; -1: all alike; >= -1
    lr: float = 0.1  # [1] step size; > 0 and <= 1
    capacity: float = 1e9  # [fact] N, the facts that the table has room for; > 0


class Static(NamedTuple):
    """Static."""

    frequencies: Literal["zipf", "exponential"] = "zipf"  # zipf: a power of the rank; exponential: exp(-alpha i)
    facts: int = 16384  # [fact] K
    batch: int = 128  # [example] seen in a step, one after the other
    steps: int = 1024
    log_every: int = 1


def data(key, knobs, static):
    """-> p (K,)."""
    return {"zipf": fact_table.zipf, "exponential": fact_table.exponential}[static.frequencies](
        static.facts, knobs.alpha
    )


def init(key, knobs, static):
    """-> how often each fact was seen (K,), which is all there is to the table."""
    return jnp.zeros(static.facts)


def step(key, state, frequencies, knobs, static):
    """One step: the examples of a batch, one after the other."""
    seen = fact_table.draw(key, frequencies, static.batch)
    return state._replace(params=state.params.at[seen].add(1.0))


def observe(state, frequencies, knobs, static):
    room = jnp.arange(static.facts) < knobs.capacity
    counts, examples = state.params, state.step * static.batch
    error = jnp.where(room, fact_table.left(counts, knobs.lr) ** 2, 1.0)
    mean = jnp.where(room, fact_table.expected(frequencies, knobs.lr, examples), 1.0)
    return {
        "loss": jnp.sum(frequencies * error),
        "loss_in_theory": jnp.sum(frequencies * mean),
        "known": jnp.sum(counts > 0),
    }


def schedule(static):
    return log_schedule(static, 150)


def detect(log):
    """The tail of the loss; with its steepness, that of the facts seen, and the last loss over its mean in theory."""
    finding = power_tail(log, "loss")
    if log.lacking(["loss", "loss_in_theory", "known"]):
        return finding
    seen = power_tail(log, "known").effects.get("exponent")
    t, loss = log["loss"].finite()
    late = t >= t[-1] / 10
    ratio = float(np.mean(loss[late] / log["loss_in_theory"].values[late]))
    finding = finding.having(over_theory=Effect(ratio), final=Effect(float(loss[-1])))
    if "exponent" in finding.effects:
        finding = finding.having(steepness=Effect(-finding.effects["exponent"].value))
    return finding.having(known_exponent=seen) if seen else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"loss": "loss at step 0", "loss_in_theory": "loss at step 0", "known": "fact"},
    figure=("loss", "known"),
    schedule=schedule,
)
