"""Figures of made-up runs: every mark is where the numbers put it, whatever the runs did."""

import numpy as np
import pytest
from figure_runs import ABSENCE, DIVERGENCE, LOSS, STEPS, case, decay, drawn, found, marks, result, setup, words
from matplotlib.colors import to_rgba

from bestiary.catalog.claims import Claim
from bestiary.figures import limits as figure_limits
from bestiary.figures import runs as figures
from bestiary.judge.verdict import judge
from bestiary.log import Finding, Span, State
from bestiary.train import runs

# What is drawn.


@pytest.mark.parametrize(
    "units, panels",
    [
        ({"loss": "1"}, 1),
        ({"train_acc": "share of pairs", "test_acc": "share of pairs"}, 1),
        ({"train_loss": "1", "test_loss": "1"}, 1),
        ({"loss": "1", "weight_norm": "1", "sharpness_norm": "1"}, 3),
        ({"loss": "1", "attention": "share on the token", "overlap": "share of |W*|"}, 3),
    ],
)
def test_a_panel_per_case_and_unit(units, panels):
    p = setup(units)
    cases = [result(p, n, dict.fromkeys(units, decay()), [ABSENCE] * 4) for n in ("a", "b", "c")]
    assert len(drawn(p, *cases).axes) == 3 * panels


def test_channels_of_a_panel_have_hues_of_their_own_and_are_named():
    p = setup({"train_acc": "share", "test_acc": "share"})
    figure = drawn(p, result(p, "a", {"train_acc": decay(), "test_acc": decay() / 2}, [ABSENCE] * 4))
    (ax,) = figure.axes
    assert len({line.get_color() for line in marks(ax, "median")}) == 2
    assert ax.get_ylabel().split() == ["acc", "[share]"]
    named = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert {"train acc", "test acc", "median", "single runs"} <= named


def test_positive_cases_come_first_and_controls_say_what_is_missing():
    figure = drawn(LOSS, case("no_decay", "weight decay", [np.nan] * 4), case("sudden", onsets=(10, 20, 40, np.nan)))
    told = words(figure)
    assert told.index("sudden") < told.index("no decay") < told.index("control: without weight decay")
    assert "3/4 found, onset 20; 1 absent" in told
    assert "0/4 found; 4 absent" in told
    first, second = figure.axes
    assert first.get_facecolor() == to_rgba("white") != second.get_facecolor()


def test_title_definition_and_provenance():
    told = words(drawn(LOSS, case()))
    assert told.startswith("Sudden fall of the loss The loss falls, and then it does not.")
    assert told.endswith("root seed 7 · 4 seeds per case · bestiary 2026.0 (abc1234) · jax 0.8.0 on cpu")


def test_states_are_named_by_phase():
    findings = [Finding(State.ABSENT, "", phase="memorisation")] * 3 + [Finding(State.UNDECIDED, "")]
    told = words(drawn(LOSS, result(LOSS, "a", {"loss": decay()}, findings, "decay")))
    assert "0/4 found; 3 memorisation, 1 undecided" in told


def test_onsets_in_every_panel_and_a_tick_for_each_in_the_first():
    p = setup({"loss": "1", "attention": "share"})
    seen = {"loss": decay(), "attention": decay()}
    falls = result(p, "falls", seen, [found(10), found(20), ABSENCE, found(90)])
    flat = result(p, "flat", seen, [ABSENCE] * 4, "decay")
    upper, lower, *control = drawn(p, falls, flat).axes
    for ax in (upper, lower):
        ((line,),) = (marks(ax, "onset"),)
        assert list(line.get_xdata()) == [20, 20]
    (ticks,) = marks(upper, "onsets")
    assert list(ticks.get_xdata()) == [10, 20, 90]
    assert not marks(lower, "onsets")
    assert not [line for ax in control for line in marks(ax, "onset") + marks(ax, "onsets")]


@pytest.mark.parametrize("undecided, middle", [(0, 20.0), (1, 30.0), (2, 40.0), (3, None)])
def test_an_undecided_run_lies_above_all_in_the_median_onset_as_where_it_is_judged(undecided, middle):
    findings = [found(10), found(20), found(40)] + [Finding(State.UNDECIDED, "")] * undecided
    figure = drawn(LOSS, result(LOSS, "falls", {"loss": decay(len(findings))}, findings))
    claim = Claim(of="onset", median=(0.0, 100.0), unit="step", source="measured")
    assert judge([claim], findings)[0].measured.startswith(f"{middle or np.inf:g} step")
    assert [line.get_xdata()[0] for line in marks(figure.axes[0], "onset")] == ([middle] if middle else [])
    assert len(marks(figure.axes[0], "onsets")) == 1
    head = f"3/{len(findings)} found" + (f", onset {middle:g}" if middle else "")
    assert head + (f"; {undecided} undecided" if undecided else "") in words(figure)


def test_few_runs_are_lines_and_many_a_band():
    y = decay(5) * np.random.default_rng(0).uniform(0.9, 1.1, (5, STEPS.size))
    (ax,) = drawn(LOSS, result(LOSS, "few", {"loss": y}, [ABSENCE] * 5)).axes
    assert len(marks(ax, "run")) == 5 and not ax.collections
    (median,) = marks(ax, "median")
    np.testing.assert_allclose(median.get_ydata(), np.median(y.astype(np.float32), 0), rtol=1e-6)

    y = decay(figure_limits.CROWD + 1)
    (ax,) = drawn(LOSS, result(LOSS, "many", {"loss": y}, [ABSENCE] * len(y))).axes
    assert not marks(ax, "run")
    (band,) = ax.collections
    at_start = [v for x, v in band.get_paths()[0].vertices if x == 0]
    assert (min(at_start), max(at_start)) == pytest.approx(tuple(np.quantile(y[:, 0], [0.05, 0.95])))


def test_spans_of_the_run_in_the_middle():
    findings = [found(t, Span(t - 5, t, "plateau"), Span(t, t, "fall")) for t in (90, 30, 20)]
    figure = drawn(LOSS, result(LOSS, "a", {"loss": decay(3)}, findings))
    (ax,) = figure.axes
    (span,) = ax.patches
    assert (span.get_x(), span.get_width()) == (25, 5)
    (instant,) = marks(ax, "span")
    assert list(instant.get_xdata()) == [30, 30]
    (example,) = marks(ax, "example")
    assert example.get_ydata()[0] == pytest.approx(decay(3)[1, 0])
    named = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert named[-3:] == ["example run, shaded:", "plateau", "fall"]


def test_a_label_of_spans_has_one_colour_in_all_cases():
    one = result(LOSS, "a", {"loss": decay(1)}, [found(10, Span(0, 5, "plateau"), Span(5, 10, "drop"))])
    two = result(LOSS, "b", {"loss": decay(1)}, [found(10, Span(5, 10, "drop"))])
    first, second = drawn(LOSS, one, two).axes
    assert second.patches[0].get_facecolor() == first.patches[1].get_facecolor() != first.patches[0].get_facecolor()


def test_a_costly_channel_lies_on_its_own_axis():
    p = setup({"loss": "1", "edge_ratio": "S / threshold"})
    sharp = np.linspace(0, 0.8, STEPS[::5].size) * np.ones((4, 1))
    figure = drawn(p, result(p, "a", {"loss": decay()}, [ABSENCE] * 4, probed={"edge_ratio": sharp}))
    upper, lower = figure.axes
    assert list(marks(upper, "median")[0].get_xdata()) == list(STEPS)
    assert list(marks(lower, "median")[0].get_xdata()) == list(STEPS[::5])
    assert upper.get_xlim() == lower.get_xlim() == (0, 100)


def test_a_line_at_the_threshold():
    p = setup({"loss": "1", "edge_ratio": "S / threshold"})
    upper, lower = drawn(p, result(p, "a", {"loss": decay(), "edge_ratio": 0.1 * decay()}, [ABSENCE] * 4)).axes
    assert not marks(upper, "threshold")
    assert list(marks(lower, "threshold")[0].get_ydata()) == [1, 1]
    assert lower.get_ylim()[1] > 1


# Runs that ended early, or badly.


def test_runs_of_different_length():
    long, short = decay(3), decay(1)
    short[:, 26:] = np.nan  # beyond the last step of the fourth run
    r = result(LOSS, "a", {"loss": np.r_[long, short]}, [ABSENCE] * 4)
    r.runs["last_step"].values[0, 3] = 50
    (ax,) = drawn(LOSS, r).axes
    (median,) = marks(ax, "median")
    assert np.isfinite(median.get_ydata()).all()
    assert np.isnan(marks(ax, "run")[3].get_ydata()[26:]).all()
    r.runs["last_step"].values[0, 1:] = 50  # one of four is left
    (ax,) = drawn(LOSS, r).axes
    (median,) = marks(ax, "median")
    assert np.isfinite(median.get_ydata()).tolist() == (STEPS <= 50).tolist()


def test_curves_end_where_their_runs_end_on_the_axis_of_the_longest():
    short = result(LOSS, "a", {"loss": decay(steps=STEPS[:11])}, [ABSENCE] * 4, steps=STEPS[:11])
    ds = runs.join([[result(LOSS, "b", {"loss": decay()}, [ABSENCE] * 4).runs], [short.runs]])
    for ax, end in zip(figures.draw_runs("x", LOSS, ds, [[ABSENCE] * 4] * 2, ["b", "a"]).axes, (100, 20), strict=True):
        assert ax.get_xlim() == (0, 100)
        assert marks(ax, "median")[0].get_xdata()[-1] == end


def test_cases_planned_to_be_shorter_have_a_shorter_axis():
    short = result(LOSS, "a", {"loss": decay(steps=STEPS[:11])}, [ABSENCE] * 4, steps=STEPS[:11])
    short.runs.attrs |= {"steps_planned": 20}
    assert [ax.get_xlim()[1] for ax in drawn(LOSS, short, case()).axes] == [20, 100]


def test_the_reader_is_told_why_curves_end_early():
    whole, settled = case(), case()
    whole.runs.attrs["steps_planned"] = settled.runs.attrs["steps_planned"] = 100
    assert "settled" not in words(drawn(LOSS, whole))
    settled.runs["last_step"].values[0, 2] = 50
    assert words(drawn(LOSS, whole, settled)).endswith("· runs end when settled")


def test_an_axis_is_as_long_as_the_band_not_as_one_run_of_many():
    y = decay(101)
    y[50, 3] = 1e4
    (ax,) = drawn(LOSS, result(LOSS, "many", {"loss": y}, [ABSENCE] * 101)).axes
    assert ax.get_ylim()[1] < 4


@pytest.mark.parametrize("end", [np.nan, np.inf, -np.inf, 1e38])
@pytest.mark.parametrize("to", [0.5, 1e-4])
def test_a_run_that_diverged_is_cut_off_at_the_frame(end, to, tmp_path):
    y = decay(to=to)
    calm = drawn(LOSS, result(LOSS, "a", {"loss": y[:3]}, [ABSENCE] * 3)).axes[0]
    y[3, 20:] = end
    figure = drawn(LOSS, result(LOSS, "a", {"loss": y}, [*[ABSENCE] * 3, DIVERGENCE]))
    (ax,) = figure.axes
    assert ax.get_ylim() == calm.get_ylim() and ax.get_yscale() == calm.get_yscale()
    (cross,) = marks(ax, "diverged")
    assert list(cross.get_xdata()) == [100 if np.isfinite(end) else STEPS[19]]
    assert ax.get_ylim()[0] <= cross.get_ydata()[0] <= ax.get_ylim()[1]
    figures.save(figure, tmp_path / "a.png")
    assert "0/4 found; 3 absent, 1 diverged" in words(figure)


def test_all_runs_diverged(tmp_path):
    y = np.full((4, STEPS.size), 1e30)
    y[:, 0] = 1.0
    figure = drawn(LOSS, result(LOSS, "a", {"loss": y}, [DIVERGENCE] * 4))
    assert figure.axes[0].get_yscale() == "log"
    figures.save(figure, tmp_path / "a.png")


@pytest.mark.parametrize("n", [1, 4, 30])
def test_a_channel_without_a_value(n, tmp_path):
    p = setup({"loss": "1", "edge_ratio": "S / threshold", "lost": "1"})
    gone = np.full((n, STEPS.size), np.nan)
    figure = drawn(p, result(p, "a", {"loss": gone, "edge_ratio": gone}, [DIVERGENCE] * n))
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["no finite value", "no finite value", "not recorded"]
    figures.save(figure, tmp_path / "a.png")


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-30, 1e30])
def test_a_constant_and_a_single_record(value, tmp_path):
    y = np.full((2, 1), value)
    figure = drawn(LOSS, result(LOSS, "a", {"loss": y}, [ABSENCE] * 2, steps=STEPS[:1]))
    lo, hi = figure.axes[0].get_ylim()
    assert lo < np.float32(value) < hi
    figures.save(figure, tmp_path / "a.png")


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.draw(case().entry, LOSS, [])
