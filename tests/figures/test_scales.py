"""Figures of runs: what is claimed is drawn, guessing has a line, scales that differ are not forced into one."""

import numpy as np
import pytest
from figure_runs import ABSENCE, LOSS, STEPS, case, decay, drawn, marks, result, setup, words
from matplotlib.text import Text

from bestiary.figures.names import WIDE, Label

ACC = setup({"train_acc": "share", "test_acc": "share"})


def rising(first):
    """(4, T) accuracies, from `first` to 1."""
    return np.linspace(first, 1, STEPS.size) * np.ones((4, 1))


@pytest.mark.parametrize("first, line", [(0.1, 0.1), (0.5, 0.5), (0.9, None)])
def test_an_accuracy_has_a_line_at_chance_where_the_untrained_network_guesses(first, line):
    seen = {"train_acc": rising(0.3), "test_acc": rising(first)}
    figure = drawn(ACC, result(ACC, "a", seen, [ABSENCE] * 4))
    (ax,) = figure.axes
    assert [mark.get_ydata()[0] for mark in marks(ax, "chance")] == ([pytest.approx(line)] if line else [])
    named = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert ("chance: the untrained network" in named) == (line is not None)


def test_what_is_no_accuracy_or_has_no_record_before_the_first_step_has_no_chance():
    assert not marks(drawn(LOSS, result(LOSS, "a", {"loss": rising(0.1)}, [ABSENCE] * 4)).axes[0], "chance")
    seen = {"train_acc": rising(0.1), "test_acc": rising(0.1)}
    late = result(ACC, "a", seen, [ABSENCE] * 4, steps=STEPS + 2)
    assert not marks(drawn(ACC, late).axes[0], "chance")


def test_a_recorded_channel_of_which_something_is_claimed_is_drawn():
    p = setup({"loss": "1"})
    r = result(p, "a", {"loss": decay(), "progress": decay()}, [ABSENCE] * 4)
    claims = r.entry.cases["a"].claims
    assert len(drawn(p, r).axes) == 1
    more = claims[0].model_copy(update={"of": "progress", "rate": None, "median": (0.0, 1.0), "unit": "1"})
    r.entry.cases["a"] = r.entry.cases["a"].model_copy(update={"claims": (*claims, more)})
    assert [ax.get_ylabel() for ax in drawn(p, r).axes] == ["loss", "progress"]


def test_cases_on_scales_that_differ_by_decades_have_axes_of_their_own():
    flat = result(LOSS, "a", {"loss": decay(to=1e-3)}, [ABSENCE] * 4)
    steep = result(LOSS, "b", {"loss": decay(to=1e-15)}, [ABSENCE] * 4)
    control = result(LOSS, "c", {"loss": decay()}, [ABSENCE] * 4, "a cause")
    first, second, third = drawn(LOSS, flat, steep, control).axes
    assert {ax.get_yscale() for ax in (first, second, third)} == {"log"}
    assert first.get_ylim()[0] > 1e-4 and second.get_ylim()[0] < 1e-14
    assert all(ax.yaxis.get_tick_params()["labelleft"] for ax in (first, second, third))
    lo, hi = third.get_ylim()
    assert hi / lo > 100  # what falls by half must not look like a fall


def test_heads_stand_at_one_height_however_many_lines_they_have():
    figure = drawn(LOSS, case("falls"), case("flat", "one cause that takes many words to be told, " * 3))
    heads = [t for t in figure.findobj(Text) if t.get_text() in ("falls", "flat")]
    assert len({t.get_position()[1] for t in heads}) == 1 and len(heads) == 2


def test_a_commit_that_was_not_whole_is_not_named():
    r = case(onsets=(10, 20))
    r.runs.attrs["commit"] = "abc1234-dirty"
    told = words(drawn(LOSS, r))
    assert "dirty" not in told and "abc1234" not in told and "bestiary 2026.0 ·" in told


def test_a_meaning_longer_than_its_axis_is_wrapped():
    lines = Label("renewed", "share of newly drawn parameters that is mixed in before every task").lines.split("\n")
    assert lines[0] == "renewed" and len(lines) == 3 and max(map(len, lines)) <= WIDE
    assert Label("lr").lines == "lr"
