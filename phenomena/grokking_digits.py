r"""Grokking on handwritten digits: a large start delays generalisation on ordinary data.

Setup. Data: all pairs of digits, each several times, every digit shown as one of the 8x8 pictures
that scikit-learn ships; the label is the first digit. A share of the pairs is trained on, and the
test shows other pictures. Network: one hidden layer. Full-batch AdamW on the squared error.

Claim. A network started large memorises the training set while it misreads most test pictures, and
reads them several times later, once weight decay has worn it down; lr wd t grows with ln init_scale.

Control. From an ordinary start it generalises while it memorises; without weight decay it never
does. Other knobs lead here from the modular addition of one-hot digits.

Source. Liu et al., arXiv:2210.01117, on MNIST; the clock of Lyu et al., arXiv:2311.18817.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import train_and_test

DIGITS, PIXELS, EACH = 10, 64, 50  # EACH pictures of every digit, half of them for the test


class Knobs(NamedTuple):  # traced
    lr: float = 0.03  # [1] AdamW step size
    weight_decay: float = 0.06  # [1] decoupled, per unit of lr
    fraction: float = 0.4  # [1] share of the pairs of every first digit that is trained on
    init_scale: float = 6.0  # [1] std of every weight, in units of 1 / sqrt(fan-in), where 20 inputs count
    picture: float = 1.0  # [1] a digit is shown as this times its picture, beside 1 - this times its one-hot vector
    spread: float = 1.0  # [1] weight of the example's own picture, against one that is always the same
    second: float = 0.0  # [1] factor of all that is shown of the second digit


class Static(NamedTuple):  # static
    rule: str = "first"  # or "sum": modulo 10
    activation: str = "relu"  # or "quadratic"
    copies: int = 4  # examples of every pair
    width: int = 128
    steps: int = 1000
    log_every: int = 5


def pictures():
    """EACH pictures of every digit, less their mean and of length 1, (10, EACH, 64)."""
    from sklearn.datasets import load_digits  # the extra `digits`

    every, digit = load_digits(return_X_y=True)
    grey = np.stack([every[digit == d][:EACH] for d in range(DIGITS)]).clip(max=15).astype(np.uint32)
    shift = np.arange(0, 32, 4, dtype=np.uint32)  # eight pixels to a word: constants make a program slow to compile
    words = jnp.asarray((grey.reshape(DIGITS, EACH, -1, 8) << shift).sum(-1, dtype=np.uint32))
    seen = (words[..., None] >> shift & 15).reshape(DIGITS, EACH, PIXELS).astype(float)
    seen = seen - seen.mean((0, 1))
    return seen / jnp.linalg.norm(seen, axis=-1, keepdims=True)


def data(key, knobs, static):
    """-> inputs (n, 148), labels (n,), train (n,) with 1 where an example is trained on."""
    draw, n = jax.random.uniform(key, (DIGITS**2 * (1 + 2 * static.copies),)), DIGITS**2 * static.copies
    rank = jnp.argsort(jnp.argsort(draw[: DIGITS**2].reshape(DIGITS, DIGITS)))  # among the pairs of one first digit
    train = jnp.tile(rank.ravel() < jnp.round(knobs.fraction * DIGITS), static.copies)
    digits = jnp.tile(jnp.indices((DIGITS, DIGITS)).reshape(2, -1).T, (static.copies, 1))
    # Even pictures are for training, odd ones for the test.
    every, own = pictures(), 2 * jnp.int32(draw[DIGITS**2 :].reshape(n, 2) * (EACH // 2)) + 1 - train[:, None]
    seen = (1 - knobs.spread) * every[digits, 0] + knobs.spread * every[digits, own]
    shown = jnp.concatenate([(1 - knobs.picture) * jax.nn.one_hot(digits, DIGITS), knobs.picture * seen], -1)
    shown = (shown * jnp.stack([jnp.ones(()), knobs.second])[:, None]).reshape(n, -1)
    labels = digits[:, 0] if static.rule == "first" else digits.sum(1) % DIGITS
    return {"inputs": shown, "labels": labels, "train": jnp.float32(train)}


def init(key, knobs, static):
    w = normals(key, inner=(2 * (DIGITS + PIXELS), static.width), outer=(static.width, DIGITS))
    return {
        "inner": knobs.init_scale * w["inner"] / 20**0.5,
        "outer": knobs.init_scale * w["outer"] / static.width**0.5,
    }


def errors(params, data, static):
    """-> scores of every example (n, 10), squared error of each, averaged over classes, (n,)."""
    act = {"relu": jax.nn.relu, "quadratic": jnp.square}[static.activation]
    scores = act(data["inputs"] @ params["inner"]) @ params["outer"]
    return scores, jnp.mean((scores - jax.nn.one_hot(data["labels"], DIGITS)) ** 2, -1)


def loss(params, batch, knobs, static):
    return jnp.sum(errors(params, batch, static)[1] * batch["train"]) / jnp.sum(batch["train"])


def observe(state, data, knobs, static):
    seen = train_and_test(*errors(state.params, data, static), data["labels"], data["train"])
    return seen | {"clock": knobs.lr * knobs.weight_decay * state.step}


def detect(log):
    """Delayed generalisation, to what so few pictures allow, with lr wd t of that time."""
    finding = delayed_generalization(log, chance=1 / DIGITS, generalised=0.8)
    if finding.found and "clock" in log:
        return finding.having(clock=Effect(float(np.interp(finding.onset, *log["clock"]))))
    return finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=lambda knobs, static: optax.adamw(knobs.lr, b2=0.98, weight_decay=knobs.weight_decay),
    observe=observe,
    detect=detect,
    units={"train_acc": "share of examples", "test_acc": "share of examples"},
    figure=("train_acc", "test_acc"),
    needs={"sklearn": "digits"},
)
