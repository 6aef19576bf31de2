r"""Policy plateau: softmax policy gradient hardly moves where the better action is rarely chosen.

Setup. Data: two arms of rewards `gap` and 0 on average, with normal noise. Network: a softmax policy
of two logits, that begins with probability `start` on the better arm. Gradient ascent on the expected
reward, from rewards of both arms at every step, or of `samples` chosen ones (REINFORCE).

Claim. With p the probability of the better arm, each logit's gradient is its own probability times its
advantage, so that the flow is
    dp/dt = 2 gap p^2 (1 - p)^2,
once p (1 - p) for what a logit moves p, once for what is expected to move a logit. From `start` the
better arm is chosen half of the time at
    t_half = (1 / start - 1 / (1 - start) + 2 ln((1 - start) / start)) / (2 lr gap),
and all but the last logarithm of that is spent while the regret stays as it was. The natural gradient
divides by the probability: the difference of the logits grows by lr gap a step, whatever it is, and
    t_half = ln((1 - start) / start) / (lr gap).

Control. The natural gradient; a start at one half.

Source. Mei et al., arXiv:2005.06392: the flow, and that its rate depends on the smallest probability of
the best action; Li et al., arXiv:2102.11270: how long it may take.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1 / reward] step size; > 0
    start: float = 0.003  # [1] probability of the better arm at the start; > 0 and < 1
    gap: float = 1.0  # [reward] of the better arm over the other; > 0
    noise: float = 0.3  # [reward] deviation of a reward; >= 0
    natural: float = 0.0  # [1] 1: the natural gradient; 0 or 1


class Static(NamedTuple):
    """Static."""

    feedback: Literal["both", "chosen"] = "both"  # both: a reward of each arm; chosen: rewards of arms drawn
    samples: int = 16  # [sample] arms drawn at a step
    steps: int = 4000
    log_every: int = 5


def data(key, knobs, static):
    """-> (2,) mean rewards, the better arm first."""
    return jnp.stack([knobs.gap, jnp.zeros(())])


def init(key, knobs, static):
    """(2,) logits."""
    return jnp.stack([jnp.log(knobs.start), jnp.log1p(-knobs.start)])


def rewards(key, policy, means, knobs, static):
    """(2,) unbiased estimates of the mean rewards: one of each arm, or of arms drawn, over their probabilities."""
    of_arm, of_noise = jax.random.split(key)
    if static.feedback == "both":
        return means + knobs.noise * jax.random.normal(of_noise, (2,))
    worse = jax.random.uniform(of_arm, (static.samples,)) >= policy[0]
    chosen = jnp.stack([~worse, worse], 1)
    got = chosen @ means + knobs.noise * jax.random.normal(of_noise, (static.samples,))
    return jnp.mean(got[:, None] * chosen, 0) / jnp.maximum(policy, 1e-30)


def step(key, state, means, knobs, static):
    """One step of gradient ascent: each logit by its probability, if not by the natural gradient, times advantage."""
    policy = jax.nn.softmax(state.params)
    reward = rewards(key, policy, means, knobs, static)
    weight = jnp.where(knobs.natural > 0.5, 1.0, policy)
    return state._replace(params=state.params + knobs.lr * weight * (reward - policy @ reward))


def observe(state, means, knobs, static):
    policy = jax.nn.softmax(state.params)
    return {
        "regret": policy[1],  # over the gap
        "better_arm": policy[0],
        "gradient": 2**0.5 * policy[0] * policy[1],  # of the expected reward over the gap, by the logits
    }


def detect(log):
    """Escape from a plateau of the regret; with the step at which the better arm is chosen half of the time."""
    finding = plateau_escape(log, "regret", "better_arm")
    if log.lacking(["better_arm"]):
        return finding
    t, better = log["better_arm"].finite()
    above = better >= 0.5
    if not above.any() or above[0]:
        return finding
    k = int(np.argmax(above))
    return finding.having(t_half=Effect(float(np.interp(0.5, better[k - 1 : k + 1], t[k - 1 : k + 1])), "step"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"regret": "gap", "better_arm": "1", "gradient": "gap"},
    figure=("regret", "better_arm", "gradient"),
)
