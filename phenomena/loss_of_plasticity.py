r"""Loss of plasticity: a network that learns one task after another learns each less well than the one before.

Setup. Data: fixed inputs x ~ N(0, I_16); the labels, of ten classes, are drawn anew at random for
every task of 80 steps, so that all tasks are equally hard and none helps another. Network: two
hidden layers of 32 units, max(z, leak z). Full-batch Adam on the cross-entropy, its moments carried
on. Recorded after every task.

Claim. The first tasks are memorised; later ones hardly better than by always guessing the commonest
class. By then nearly half of the hidden units are dead, or dormant: at zero for every input, out of
reach of the gradient. The weights have doubled, and of the directions that the last hidden layer
used, measured by its effective rank, hardly a tenth are left.

Control. What is lost is in the parameters: drawn anew before every task they learn every task, and
so do parameters of which a part is drawn anew (shrink and perturb), or that an L2 penalty keeps
small, or a leak of 0.1, with which no unit dies and the weights grow no less. It is not in the
moments: set to zero before every task they help nothing.

Source. Dohare et al., arXiv:2306.13812 (Nature 632): dead units, larger weights and a lower effective
rank as signatures, L2 and shrink and perturb as remedies; random labels and dead units as in Lyle et
al., arXiv:2303.01486.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.decline import decline
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.networks.mlp import hidden_layers
from bestiary.observables import accuracy, effective_rank, sum_of_squares


class Knobs(NamedTuple):  # traced
    lr: float = 0.01  # [1] Adam step size; > 0
    leak: float = 0.0  # [1] slope of the activation below 0; -1 to 1
    renewed: float = 0.0  # [1] share of newly drawn parameters that is mixed in before every task; 0 to 1
    fresh_moments: float = 0.0  # [1] 1: Adam's moments are set to 0 before every task; 0 or 1
    decay: float = 0.0  # [1] L2 penalty decay / 2 |parameters|^2 in the loss; >= 0
    redraw: float = 1.0  # [1] 0: every task has the labels of the first; 0 or 1


class Static(NamedTuple):
    """Static."""

    inputs: int = 64  # [sample] n, number of inputs, the same for every task
    dimension: int = 16  # [1] d, dimension of an input
    classes: int = 10  # [class] classes that labels are drawn from; >= 2
    width: int = 32  # [neuron] units of each hidden layer
    task: int = 80  # [step] length of a task
    steps: int = 2400
    log_every: int = 80


# Data.


def data(key, knobs, static):
    """-> x (n, d), labels (tasks, n), and parameters newly drawn for every task."""
    of_x, of_labels = jax.random.split(key)
    tasks = -(-static.steps // static.task)
    labels = jax.random.randint(of_labels, (tasks, static.inputs), 0, static.classes)
    labels = jnp.where(knobs.redraw > 0.5, labels, labels[0])
    drawn = jax.vmap(lambda k: init(k, knobs, static))(jax.random.split(jax.random.fold_in(key, 2), tasks))
    return normals(of_x, x=(static.inputs, static.dimension)) | {"labels": labels, "drawn": drawn}


# Network.


def init(key, knobs, static):
    """Normal weights of variance 2 / fan-in, biases 0."""
    d, n, c = static.dimension, static.width, static.classes
    weights = normals(key, w1=(d, n), w2=(n, n), w3=(n, c))
    weights = {name: w * (2 / w.shape[0]) ** 0.5 for name, w in weights.items()}
    return weights | {"b1": jnp.zeros(n), "b2": jnp.zeros(n), "b3": jnp.zeros(c)}


def network(params, x, knobs):
    """-> scores (n, classes), and the hidden units' outputs (n, 2 width)."""
    activation = partial(jax.nn.leaky_relu, negative_slope=knobs.leak)
    first, second = hidden_layers(params, x, activation)
    scores = second @ params["w3"] + params["b3"]
    return scores, jnp.concatenate([first, second], 1)


# Loss and steps.


def loss(params, batch, knobs, static):
    """[nat] Cross-entropy, and the penalty."""
    scores, _ = network(params, batch["x"], knobs)
    fit = jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, batch["labels"]))
    return fit + knobs.decay / 2 * sum_of_squares(params)


def optimizer(knobs, static):
    return optax.adam(knobs.lr)


def step(key, state, data, knobs, static):
    """One step on the task's labels; before its first, what is asked for is renewed."""
    adam = optimizer(knobs, static)
    task, begins = state.step // static.task, (state.step % static.task == 0) & (state.step > 0)

    share = jnp.where(begins, knobs.renewed, 0.0)
    params = jax.tree.map(lambda old, new: (1 - share) * old + share * new[task], state.params, data["drawn"])
    again = begins & (knobs.fresh_moments > 0.5)
    opt = jax.tree.map(lambda new, old: jnp.where(again, new, old), adam.init(params), state.opt)

    gradient = jax.grad(loss)(params, {"x": data["x"], "labels": data["labels"][task]}, knobs, static)
    change, opt = adam.update(gradient, opt)
    return state._replace(params=optax.apply_updates(params, change), opt=opt)


# Observables.


def observe(state, data, knobs, static):
    """Of the task that the last step was part of; before the first step there is none."""
    task = jnp.maximum(state.step - 1, 0) // static.task
    labels = data["labels"][task]
    scores, hidden = network(state.params, data["x"], knobs)
    right = accuracy(scores, labels, jnp.ones(labels.shape))
    share_of_class = jnp.mean(jax.nn.one_hot(labels, static.classes), 0)
    dead = jnp.all(hidden == 0, 0)
    return {
        "accuracy": jnp.where(state.step > 0, right, jnp.nan),
        "guessing": jnp.max(share_of_class),
        "dead_units": jnp.mean(dead),
        "weight_norm": jnp.sqrt(sum_of_squares(state.params)),
    }


def probe(state, data, knobs, static):
    """Of the last hidden layer."""
    _, hidden = network(state.params, data["x"], knobs)
    return {"effective_rank": effective_rank(hidden[:, static.width :])}


# Detector.


def detect(log):
    """Decline of the accuracy; with its last lead over guessing, dead units, effective rank, growth of the weights."""
    finding = decline(log, "accuracy")
    read = ("accuracy", "guessing", "dead_units", "effective_rank", "weight_norm")
    if log.lacking(read):
        return finding
    score, guess, dead, rank, norm = (log[channel].values for channel in read)
    return finding.having(
        over_guessing=Effect(float(score[-1] - guess[-1])),
        dead_units=Effect(float(dead[-1])),
        rank_kept=Effect(float(rank[-1] / rank[0])),
        growth=Effect(float(norm[-1] / norm[0])),
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    optimizer=optimizer,
    step=step,
    observe=observe,
    probe=probe,
    probe_every=5,
    detect=detect,
    units={
        "accuracy": "share of inputs",
        "guessing": "share of inputs",
        "dead_units": "share of units",
        "effective_rank": "directions",
        "weight_norm": "1",
    },
    figure=("accuracy", "effective_rank", "dead_units", "guessing"),
)
