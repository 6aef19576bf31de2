r"""Posterior collapse: a linear VAE keeps as many latents as the data has variances above the decoder's.

Setup. Data: x in R^8 with covariance C of eigenvalues 8, 4, 2, 1, 1/2, 1/4, 1/16, 1/16 and random
axes. Network: decoder p(x|z) = N(W z, sigma^2), encoder q(z|x) = N(V x, diag s), six latents, every
one informative at the start. Adam on the negative ELBO, whose mean over the data has a closed form.

Claim. No latent is needed for a direction with less variance than sigma^2, and none is kept: the
active units, whose KL to the prior stays above 0.05 nat, number #{lambda_i > sigma^2}, and the nats
they carry together settle on the rate of reverse water-filling,
    R = 1/2 sum_i ln(lambda_i / sigma^2)  over  lambda_i > sigma^2.

Control. With sigma^2 below the six largest variances no latent collapses; nor does one without the
pull of the prior, whatever sigma^2. A sigma^2 that is learned ends at the mean of the variances that
no latent is left for, below all others, as in probabilistic PCA; every latent comes back.

Source. Lucas et al., arXiv:1911.02469: the ELBO has no spurious local maxima, and its maximum is
probabilistic PCA with the latents along the axes.
"""

from typing import NamedTuple

import jax.numpy as jnp
import optax

from bestiary.detectors.ends_below import ends_below
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

VARIANCES = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.0625, 0.0625)  # eigenvalues of C
ALIVE = 0.05  # [nat] KL to the prior that makes a latent active
MOST = 0.9  # [latents] active units at most, if some have collapsed: five of six are fewer


class Knobs(NamedTuple):
    """Traced."""

    decoder_variance: float = 1.5  # [variance] sigma^2; > 0
    learned: float = 0.0  # [1] 1: sigma^2 is a parameter that starts from decoder_variance; 0 or 1
    prior: float = 1.0  # [1] weight of the KL to the prior in the loss; 0: an autoencoder; >= 0
    lr: float = 0.01  # [1] Adam step size; > 0


class Static(NamedTuple):
    """Static."""

    latents: int = 6  # [latent] k, dimension of z
    steps: int = 4000
    log_every: int = 20


def data(key, knobs, static):
    """-> C (d, d); its axes are those of a random reflection."""
    v = normals(key, v=(len(VARIANCES),))["v"]
    axes = jnp.eye(v.size) - 2 * jnp.outer(v, v) / (v @ v)
    return axes * jnp.array(VARIANCES) @ axes


def init(key, knobs, static):
    d, k = len(VARIANCES), static.latents
    params = normals(key, encoder=(k, d), decoder=(d, k))
    params = {name: w / d**0.5 for name, w in params.items()} | {"log_s": jnp.full(k, -2.0)}
    return params | {"log_variance": jnp.log(knobs.decoder_variance)}


def decoder_variance(params, knobs):
    """sigma^2, () that of the knob, or the learned one."""
    return jnp.where(knobs.learned > 0.5, jnp.exp(params["log_variance"]), knobs.decoder_variance)


def kl(params, covariance):
    """[nat] (k,) KL of every latent's posterior to its prior, averaged over the data."""
    signal = jnp.sum((params["encoder"] @ covariance) * params["encoder"], 1)
    return 0.5 * (jnp.exp(params["log_s"]) + signal - 1 - params["log_s"])


def loss(params, covariance, knobs, static):
    """[nat] Negative ELBO, averaged over the data."""
    decoder, d = params["decoder"], len(VARIANCES)
    missed = jnp.eye(d) - decoder @ params["encoder"]
    error = jnp.sum((missed @ covariance) * missed) + jnp.sum(decoder**2 @ jnp.exp(params["log_s"]))
    variance = decoder_variance(params, knobs)
    distortion = 0.5 * (error / variance + d * jnp.log(2 * jnp.pi * variance))
    return distortion + knobs.prior * jnp.sum(kl(params, covariance))


def optimizer(knobs, static):
    return optax.adam(knobs.lr)


def observe(state, covariance, knobs, static):
    """The loss; active and collapsed latents, and what the active ones carry, beside theory at this sigma^2."""
    each = kl(state.params, covariance)
    variance = decoder_variance(state.params, knobs)
    above = jnp.array(VARIANCES[: static.latents]) / variance
    return {
        "loss": loss(state.params, covariance, knobs, static),
        "active": jnp.sum(each > ALIVE),
        "latents": jnp.float32(static.latents),
        "collapsed": jnp.sum(each <= ALIVE),
        "collapsed_in_theory": jnp.sum(above <= 1),
        "rate": jnp.sum(each),
        "rate_in_theory": 0.5 * jnp.sum(jnp.maximum(jnp.log(above), 0)),
        "kl_min": jnp.min(each),
        "variance": variance,
    }


def detect(log):
    """Fewer active units than latents; with the collapsed ones, the nats of the others over theory's, and sigma^2."""
    finding = ends_below(log, "active", "latents", share=MOST)
    if log.lacking(["collapsed", "rate", "rate_in_theory", "variance"]):
        return finding
    collapsed, rate, law, variance = (
        float(log[c].values[-1]) for c in ("collapsed", "rate", "rate_in_theory", "variance")
    )
    finding = finding.having(collapsed=Effect(collapsed), rate=Effect(rate, "nat"), variance=Effect(variance))
    return finding.having(rate_over_law=Effect(rate / law)) if law > 0 else finding


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
        "loss": "nat",
        "active": "latents",
        "latents": "latents",
        "collapsed": "latents",
        "collapsed_in_theory": "latents",
        "rate": "nat",
        "rate_in_theory": "nat",
        "kl_min": "nat",
        "variance": "variance",
    },
    figure=("active", "rate", "loss", "variance"),
)
