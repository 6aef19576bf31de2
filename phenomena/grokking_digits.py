r"""Grokking on handwritten digits: a large start delays generalisation on ordinary data.

Setup. Data: all pairs of digits, each several times, every digit shown as one of the 8x8 pictures
that scikit-learn ships; the label is the first digit. A share of the pairs is trained on, and the
test shows other pictures. Network: one hidden layer. Full-batch AdamW on the squared error.

Claim. A network started large memorises the training set while it misreads most test pictures, and
reads them several times later, once weight decay has worn it down: at lr wd t = ln(w0 / wc), w0 and
wc the norms of the weights at the start and at that time. From pictures down to one-hot digits the
delay keeps that reason. Modular addition, on the other path, groks from an ordinary start and later
than that law says, since features grow while the rest decays.

Control. From an ordinary start it generalises while it memorises; without weight decay it never
does.

Source. Liu et al., arXiv:2210.01117, on MNIST, and t = ln(w0 / wc) / wd on page 3; on MNIST first in
Liu et al., arXiv:2205.10343, section 4.3.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import sum_of_squares, train_and_test

DIGITS = 10
PIXELS = 64
EACH = 50  # pictures of every digit, half of them for the test
USUAL_INPUTS = 20  # [1] fan-in that the first layer's start counts: two one-hot digits

GREY_BITS = 4  # of a pixel, whose grey levels are 0 to 15
TO_A_WORD = 8  # pixels


class Knobs(NamedTuple):  # traced
    lr: float = 0.03  # [1] AdamW step size; > 0
    weight_decay: float = 0.06  # [1] decoupled, per unit of lr; >= 0
    fraction: float = 0.4  # [1] share of the pairs of every first digit that is trained on; 0 to 1
    init_scale: float = 6.0  # [1] std of every weight, in units of 1 / sqrt(fan-in), where 20 inputs count; >= 0
    picture: float = 1.0  # [1] a digit is shown as this times its picture, beside 1 - this times its one-hot vector;
    # 0 to 1
    spread: float = 1.0  # [1] weight of the example's own picture, against one that is always the same; 0 to 1
    second: float = 0.0  # [1] factor of all that is shown of the second digit; >= 0


class Static(NamedTuple):  # static
    rule: Literal["first", "sum"] = "first"  # first: the label is the first digit;
    # sum: the label is the sum of both digits modulo 10
    activation: Literal["relu", "quadratic"] = "relu"  # relu: max(z, 0); quadratic: z^2
    copies: int = 4  # [sample] examples of every pair
    width: int = 128  # [neuron] hidden units
    steps: int = 1000
    log_every: int = 5


# Data: the pictures.


def packed_pictures():
    """EACH pictures of every digit, eight pixels to a word, (10, EACH, 8).

    Constants make a program slow to compile: these are eight times smaller than the pictures. The brightest of the 17
    grey levels counts as the one below, so that four bits hold a pixel.
    """
    from sklearn.datasets import load_digits  # the extra `digits`

    every, digit = load_digits(return_X_y=True)
    grey = np.stack([every[digit == d][:EACH] for d in range(DIGITS)])
    grey = grey.clip(max=2**GREY_BITS - 1).astype(np.uint32)
    pixels = grey.reshape(DIGITS, EACH, -1, TO_A_WORD)
    return (pixels << bit_offsets()).sum(-1, dtype=np.uint32)


def bit_offsets():
    """Where in a word each of its pixels begins, (8,)."""
    return np.arange(0, GREY_BITS * TO_A_WORD, GREY_BITS, dtype=np.uint32)


def pictures():
    """EACH pictures of every digit, less their mean and of length 1, (10, EACH, 64)."""
    words = jnp.asarray(packed_pictures())
    grey = words[..., None] >> bit_offsets() & 2**GREY_BITS - 1
    seen = grey.reshape(DIGITS, EACH, PIXELS).astype(float)
    seen = seen - seen.mean((0, 1))
    return seen / jnp.linalg.norm(seen, axis=-1, keepdims=True)


# Data: the pairs.


def trained_pairs(draw, knobs):
    """Which pairs are trained on, (100,): the same number for every first digit, at random among its second digits."""
    rank = jnp.argsort(jnp.argsort(draw.reshape(DIGITS, DIGITS)))
    return rank.ravel() < jnp.round(knobs.fraction * DIGITS)


def data(key, knobs, static):
    """-> inputs (n, 148), labels (n,), train (n,) with 1 where an example is trained on."""
    pairs = DIGITS**2
    n = pairs * static.copies
    draw = jax.random.uniform(key, (pairs + 2 * n,))
    of_pairs, of_pictures = draw[:pairs], draw[pairs:]

    digits = jnp.tile(jnp.indices((DIGITS, DIGITS)).reshape(2, -1).T, (static.copies, 1))
    train = jnp.tile(trained_pairs(of_pairs, knobs), static.copies)

    # Even pictures are for training, odd ones for the test.
    half = jnp.int32(of_pictures.reshape(n, 2) * (EACH // 2))
    own = 2 * half + 1 - train[:, None]
    every = pictures()
    seen = (1 - knobs.spread) * every[digits, 0] + knobs.spread * every[digits, own]

    one_hot = jax.nn.one_hot(digits, DIGITS)
    shown = jnp.concatenate([(1 - knobs.picture) * one_hot, knobs.picture * seen], -1)
    of_each = jnp.stack([jnp.ones(()), knobs.second])
    inputs = (shown * of_each[:, None]).reshape(n, -1)

    labels = digits[:, 0] if static.rule == "first" else digits.sum(1) % DIGITS
    return {"inputs": inputs, "labels": labels, "train": jnp.float32(train)}


# Network.


def init(key, knobs, static):
    """Normal weights, init_scale times as large as usual."""
    w = normals(key, inner=(2 * (DIGITS + PIXELS), static.width), outer=(static.width, DIGITS))
    return {
        "inner": knobs.init_scale * w["inner"] / USUAL_INPUTS**0.5,
        "outer": knobs.init_scale * w["outer"] / static.width**0.5,
    }


def network(params, inputs, static):
    """-> scores (n, 10)."""
    activation = {"relu": jax.nn.relu, "quadratic": jnp.square}[static.activation]
    return activation(inputs @ params["inner"]) @ params["outer"]


# Loss and optimiser.


def errors(params, data, static):
    """-> scores of every example (n, 10), squared error of each, averaged over classes, (n,)."""
    scores = network(params, data["inputs"], static)
    wanted = jax.nn.one_hot(data["labels"], DIGITS)
    return scores, jnp.mean((scores - wanted) ** 2, -1)


def loss(params, batch, knobs, static):
    """Squared error, averaged over the examples that are trained on."""
    _, error = errors(params, batch, static)
    return jnp.sum(error * batch["train"]) / jnp.sum(batch["train"])


def optimizer(knobs, static):
    return optax.adamw(knobs.lr, b2=0.98, weight_decay=knobs.weight_decay)


# Observables.


def observe(state, data, knobs, static):
    """Accuracy and error of both parts of the examples, the weights' norm over the start's, and the clock lr wd t."""
    scores, error = errors(state.params, data, static)
    seen = train_and_test(scores, error, data["labels"], data["train"])
    return seen | {
        "norm_over_start": jnp.sqrt(sum_of_squares(state.params) / sum_of_squares(state.start)),
        "clock": knobs.lr * knobs.weight_decay * state.step,
    }


# Detector.


def detect(log):
    """Delayed generalisation, to what so few pictures allow; with the norm at that time, and lr wd t.

    `clock_over_law` is lr wd t over ln(w0 / wc), w0 and wc the norms at the start and at that time: 1 if decay alone
    moves the weights.
    """
    finding = delayed_generalization(log, chance=1 / DIGITS, generalised=0.8)
    if not finding.found or log.lacking(["clock", "norm_over_start"]):
        return finding
    clock, norm = (float(np.interp(finding.onset, *log[channel])) for channel in ("clock", "norm_over_start"))
    finding = finding.having(clock=Effect(clock), norm_over_start=Effect(norm))
    return finding.having(clock_over_law=Effect(-clock / np.log(norm))) if norm < 1 else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={
        "train_acc": "share of examples",
        "test_acc": "share of examples",
        "train_loss": "1",
        "test_loss": "1",
        "norm_over_start": "1",
        "clock": "1 / (lr wd)",
    },
    figure=("train_acc", "test_acc"),
    needs={"sklearn": "digits"},
)
