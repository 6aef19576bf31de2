r"""Deadly triad: values bootstrapped off-policy with shared features grow without bound.

Setup. Data: rewards of 0, so that every value is 0. The pair: state 1 leads to state 2, and that to
the end. The star (Baird's): each of seven states leads to the seventh. Network: linear values
v(s) = x(s).w; in the pair x = 1 and 2, in the star two weights and a shared one. Expected steps of
semi-gradient TD(0),
    w' = w + lr sum_s d(s) delta(s) x(s),   delta(s) = bootstrap gamma v(next) - v(s),
d the share of updates: off-policy that of state 1 alone in the pair, and of all alike in the star.

Claim. With K(s, t) = x(s).x(t), v' = v + lr K (d delta). In the pair a step multiplies w, and the
temporal-difference error delta with it, by
    1 + lr (2 gamma - 1),
since a rise of w raises the target by 2 gamma as much as the estimate: it grows if gamma > 1/2, whatever
the step. In the star the six outer values go to one another, and they and the seventh follow the flow
    u' = ((12 gamma - 2) z - 10 u) / 7,  z' = ((17 gamma - 5) z - 12 u) / 7,
whose trace is (17 gamma - 15) / 7 and whose determinant 26 (1 - gamma) / 49 is positive: delta grows if
gamma > 15/17, and in steps if 17 gamma - 15 + 26 lr (1 - gamma) / 7 > 0.

Control. Each cause is one knob. On-policy updates of state 2, as many as of state 1, pull w back;
a target that is the true return, bootstrap = 0, does not move; features that overlap less raise the
target less: with K(s, t) for s != t times `overlap` the pair grows if 2 gamma overlap > 1.

Source. Sutton & Barto, Reinforcement Learning, section 11.2: both examples; Baird (1995): the star.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.exceeds_bound import exceeds_bound
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1] step size; > 0
    gamma: float = 0.9  # [1] discount; 0 to 1
    on_policy: float = 0.0  # [1] share of updates of states as often as the target policy visits them; 0 to 1
    bootstrap: float = 1.0  # [1] share of the next state's value in the target, the rest is the return; 0 to 1
    overlap: float = 1.0  # [1] of the features of two states, times that of the problem; 0: a table; 0 to 1


class Static(NamedTuple):
    """Static."""

    problem: Literal["pair", "star"] = "pair"  # pair: values w and 2 w; star: Baird's seven states
    steps: int = 300
    log_every: int = 2


def problem(static):
    """Features (S, F), the matrix (S, S) to the next state, and the shares (S,) of updates off and on policy."""
    if static.problem == "pair":
        return np.array([[1.0], [2.0]]), np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([1.0, 0.0]), np.array([0.5, 0.5])
    features = np.c_[np.diag([2.0] * 6 + [1.0]), [1.0] * 6 + [2.0]]
    last = np.eye(7)[6]
    return features, np.tile(last, (7, 1)), np.full(7, 1 / 7), last


def data(key, knobs, static):
    """-> features (S, F + S), next (S, S), share of updates (S,)."""
    features, after, off, on = problem(static)
    alone = np.diag(np.linalg.norm(features, axis=1))  # a table in which every state moves as fast by itself
    overlap = jnp.sqrt(knobs.overlap), jnp.sqrt(1 - knobs.overlap)
    share = (1 - knobs.on_policy) * off + knobs.on_policy * on
    return {"x": jnp.hstack([overlap[0] * features, overlap[1] * alone]), "after": jnp.asarray(after), "share": share}


def init(key, knobs, static):
    """Normal weights."""
    states, features = problem(static)[0].shape
    return normals(key, w=(features + states,))["w"]


def differences(w, data, knobs):
    """(S,) delta, the target less the value of each state."""
    v = data["x"] @ w
    return knobs.bootstrap * knobs.gamma * data["after"] @ v - v


def step(key, state, data, knobs, static):
    """One expected step of semi-gradient TD(0): the target is held fixed."""
    delta = differences(state.params, data, knobs)
    return state._replace(params=state.params + knobs.lr * (data["share"] * delta) @ data["x"])


def observe(state, data, knobs, static):
    """The error that the steps are to reduce, root mean square over the updates, and that of the values."""
    mean = data["share"] / jnp.sum(data["share"])
    now, start = (jnp.sqrt(mean @ differences(w, data, knobs) ** 2) for w in (state.params, state.start))
    return {
        "td_error": now,
        "td_error_at_start": jnp.where(state.step == 0, now, start),  # the same at step 0, to the last bit
        "value_error": jnp.sqrt(jnp.mean((data["x"] @ state.params) ** 2)),  # every value is 0 in truth
    }


def detect(log):
    """An error that ends above that at the start; with the rate at which it changes, over the last half of the run."""
    finding = exceeds_bound(log, "td_error", "td_error_at_start")
    if log.lacking(["td_error"]):
        return finding
    t, error = log["td_error"].finite()
    late = (t >= t[-1] / 2) & (error > 0)
    if late.sum() < 2:
        return finding
    return finding.having(growth=Effect(float(np.polyfit(t[late], np.log(error[late]), 1)[0]), "1/step"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"td_error": "1", "td_error_at_start": "1", "value_error": "1"},
    figure=("td_error", "value_error"),
)
