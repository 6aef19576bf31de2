"""Two losses that hold each other, and when one has won."""

import numpy as np
import pytest
from curves import autoregressive

from bestiary.detectors.one_sided import one_sided
from bestiary.detectors.runs_away import runs_away
from bestiary.log import Log, State

T = np.arange(400.0) * 10
RNG = np.random.default_rng(0)
ROUGH = np.exp(0.3 * RNG.normal(size=T.size))


def players(won, lost, at=150):
    """A discriminator's loss that falls to `won` of itself while the generator's goes to `lost` times itself."""
    late = np.arange(T.size) >= at
    return {
        "disc_loss": 1.3 * ROUGH * np.where(late, won, 1.0),
        "gen_loss": 1.1 * ROUGH[::-1] * np.where(late, lost, 1),
    }


def test_the_discriminator_wins():
    f = one_sided(Log.of(T, **players(1e-3, 6)))
    assert f.found and f.onset == pytest.approx(1500, abs=30) and f.phase == "disc_loss"
    assert "disc_loss is gone from step" in f.reason and "while gen_loss rises from" in f.reason


def test_the_generator_wins():
    made = players(1e-3, 6)
    f = one_sided(Log.of(T, gen_loss=made["disc_loss"], disc_loss=made["gen_loss"]))
    assert f.found and f.phase == "gen_loss"


@pytest.mark.parametrize(
    ("won", "lost", "at"),
    [(0.1, 6, 150), (1e-3, 1.0, 150), (1e-3, 0.01, 150), (1.0, 9.0, 150)],
    ids=["strong, not perfect", "the other does not mind", "both are gone", "a generator that loses alone"],
)
def test_what_is_no_victory(won, lost, at):
    assert one_sided(Log.of(T, **players(won, lost, at))).state is State.ABSENT


def test_too_early_to_tell():
    assert one_sided(Log.of(T, **players(1e-3, 6, at=395))).state is State.UNDECIDED
    assert one_sided(Log.of(T[:10], disc_loss=T[:10] + 1, gen_loss=T[:10] + 1)).state is State.UNDECIDED


def test_the_loss_of_a_critic_has_no_bottom_at_zero():
    critic = np.where(T < 2000, -4.0, -1e-4) * ROUGH
    f = one_sided(Log.of(T, disc_loss=critic, gen_loss=np.where(T < 2000, 1.0, 9.0) * ROUGH))
    assert f.state is State.ABSENT and "disc_loss is negative" in f.reason


def test_a_loss_of_a_player_may_run_away_above_zero():
    loss = 1 + np.exp(T / 250) * 1e-3
    f = runs_away(Log.of(T, gen_loss=loss), "gen_loss", above=1.0)
    assert f.found and f.onset == T[np.flatnonzero(loss < 100 * loss[:20].max())[-1] + 1]
    assert "runs away to 8.5" in f.reason and not runs_away(Log.of(T, loss=loss)).found
    wander = 3 + autoregressive(np.random.default_rng(1), T.size, 0.97)
    assert not runs_away(Log.of(T, gen_loss=wander), "gen_loss", above=1.0).found
