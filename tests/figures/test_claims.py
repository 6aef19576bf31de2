"""Figures of laws and boundaries: what is drawn is what was judged, beside what theory and papers say."""

import numpy as np
import pytest
from bowl_map import BOUNDARY, LAW, PATH, setup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from bestiary.cli.output.map_tables import spread
from bestiary.figures import claims as claim_figures
from bestiary.figures import names, points
from bestiary.judge.rounds import drive
from bestiary.maps import judge as maps
from bestiary.maps import laws
from bestiary.train.store import NoStore

PUBLISHED = {"value": -1.0, "where": "someone2020bowl: figure 2", "over": "lr below 0.01"}
THEORY = {"name": "a bowl, by hand", "formula": "log(1000) / (-2 * log(1 - lr * curvature))"}


def judge(**blocks):
    """The first result of a bowl with such blocks."""
    return drive(maps.tasks(setup(**blocks), 1), NoStore())


@pytest.fixture(scope="module")
def judged():
    """The law, the boundary and the path of the bowl."""
    results = judge(laws={"slow": LAW}, boundaries={"edge": BOUNDARY}, paths={"steeper": PATH})
    return {m.kind: m for m in results}


def cited(claim, **published):
    return claim | {"published": PUBLISHED | published}


def labelled(ax, beginning):
    """The marks whose label begins so."""
    return [h for h, text in zip(*ax.get_legend_handles_labels(), strict=True) if text.startswith(beginning)]


def key(figure):
    """What the keys of a figure say, each broken line whole again."""
    return [t.get_text().replace("\n", " ") for legend in figure.findobj(Legend) for t in legend.get_texts()]


def test_a_law_has_its_runs_its_medians_and_its_line(judged):
    (ax,) = claim_figures.draw(judged["law"]).axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lr", "onset [step]")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    (runs,), (medians,), (law,) = labelled(ax, "runs"), labelled(ax, "median"), labelled(ax, "fit: ")
    y, _ = judged["law"].line.values("onset")
    assert sorted(runs.get_ydata()) == sorted(y.ravel())
    assert not labelled(ax, "cut off")
    assert np.array_equal(medians.get_ydata(), np.median(y, 1))
    assert law.get_ydata()[0] == pytest.approx(float(judged["law"].fit.predict(law.get_xdata()[0])))


def test_a_run_cut_off_lies_above_all_in_the_medians_that_are_fitted_drawn_and_printed():
    x = np.array([1.0, 2.0, 4.0, 8.0])
    steps = 100 * x[:, None] * np.exp(np.linspace(-0.6, 0.6, 9))
    y, cut = np.minimum(steps, 700), steps > 700  # of 9 runs at 4 one is cut off, at 8 most are
    assert cut.sum(1).tolist() == [0, 0, 1, 5]
    law = laws.fit(x, y, cut, "power")
    known = np.array([100, 200, 400])
    ax = Figure().subplots()
    points.runs(ax, x, y, cut)
    (runs,), (arrows,), (middle,) = (labelled(ax, name) for name in ("runs", "cut off", "median"))
    assert list(middle.get_xdata()) == [1, 2, 4] and middle.get_ydata() == pytest.approx(known)
    assert law.deviation == pytest.approx(np.abs(known / law.predict(x[:3]) - 1).max())
    assert [spread(*of)[0] for of in zip(y, cut, strict=True)] == ["100", "200", "400", "cut off"]
    assert spread(y[2], cut[2])[2] == spread(y[3], cut[3])[2] == "cut off"
    assert spread(np.full(3, np.nan), np.zeros(3, bool)) == ("", "", "")
    assert (len(runs.get_xdata()), len(arrows.get_xdata())) == (30, 6)
    assert points.grid(x, y, True)[-1] == pytest.approx(8)


def test_a_published_slope_goes_through_the_middle_of_the_data_and_is_named_by_its_paper():
    (result,) = judge(laws={"slow": LAW | {"claims": [cited(LAW["claims"][0])]}})
    figure = claim_figures.draw(result)
    (line,) = labelled(figure.axes[0], "published")
    x, y = np.log(line.get_xdata()), np.log(line.get_ydata())
    assert np.polyfit(x, y, 1)[0] == pytest.approx(-1)
    medians, at = np.log(np.median(result.line.values("onset")[0], 1)), np.log(result.line.x)
    assert np.interp(at.mean(), x, y) == pytest.approx(medians.mean(), abs=1e-3)
    assert "published: exponent -1 (lr below 0.01), someone2020bowl" in key(figure)
    assert "minus published" in figure.get_supxlabel().replace("\n", " ")


def test_a_published_range_is_a_wedge_and_a_constant_beside_it_fixes_the_curve():
    exponent, constant = LAW["claims"][0], LAW["claims"][0] | {"of": "constant", "within": [2.0, 5.0]}
    (result,) = judge(laws={"slow": LAW | {"claims": [cited(exponent, value=[-1.1, -0.9])]}})
    (wedge,) = labelled(claim_figures.draw(result).axes[0], "published")
    assert wedge.get_paths()
    both = [cited(exponent), cited(constant, value=3.0)]
    (result,) = judge(laws={"slow": LAW | {"claims": both}})
    (line,) = labelled(claim_figures.draw(result).axes[0], "published")
    assert line.get_ydata() == pytest.approx(3.0 / line.get_xdata())


def test_a_law_of_theory_has_the_predicted_curve_and_the_fit_beside_it():
    claims = [{"of": "ratio", "within": [0.9, 1.2], "source": "theory", "where": "by hand"}]
    (result,) = judge(laws={"slow": LAW | {"form": "theory", "theory": THEORY, "claims": claims}})
    figure = claim_figures.draw(result)
    (theory,), (fit,) = labelled(figure.axes[0], "theory"), labelled(figure.axes[0], "fit")
    x = theory.get_xdata()
    assert theory.get_ydata() == pytest.approx(np.log(1000) / (-2 * np.log(1 - x)))
    ratio = fit.get_ydata() / theory.get_ydata()
    assert (ratio > 0.95).all() and (ratio < 1.2).all()
    assert "theory: a bowl, by hand" in key(figure)


def test_a_boundary_has_the_claim_the_bracket_and_what_was_published():
    (result,) = judge(boundaries={"edge": BOUNDARY | {"claims": [cited(BOUNDARY["claims"][0], value=2.0)]}})
    (ax,) = claim_figures.draw(result).axes
    (crossing,) = result.crossings
    (claim,), (bracket,), (mark,) = (labelled(ax, name) for name in ("claimed", "bracket", "published"))
    assert (claim.get_x(), claim.get_x() + claim.get_width()) == pytest.approx((1.99, 2.01))
    assert (bracket.get_x(), bracket.get_x() + bracket.get_width()) == pytest.approx((crossing.lo, crossing.hi))
    assert list(mark.get_xdata()) == [2.0, 2.0]


@pytest.mark.parametrize("lo, hi", [(2.5, 33), (1, 1e6), (40, 95), (0.6, 1.8), (-0.9, 3)])
def test_an_axis_has_enough_numbers_without_powers(lo, hi):
    log = lo > 0
    ax = Figure(figsize=claim_figures.SIZE).subplots()
    ax.set_xscale("log" if log else "linear")
    ax.set_xlim(lo, hi)
    points.numbered(ax.xaxis, lo, hi, log)
    shown = [t.get_text() for t in ax.get_xticklabels() if lo <= t.get_position()[0] <= hi]
    assert 3 <= len(shown) <= 8 and not any("e" in text or "^" in text for text in shown)


def test_settings_are_numbered_where_there_is_room():
    ax = Figure(figsize=claim_figures.SIZE).subplots()
    points.scale_x(ax, np.array([200.0, 1000.0, 1 / 0.0007]), True)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["200", "1k", "1.43k"]
    ax = Figure(figsize=claim_figures.SIZE).subplots()
    points.scale_x(ax, np.array([200.0, 1000.0, 1001.0]), True)
    assert [t.get_text() for t in ax.get_xticklabels() if 200 <= t.get_position()[0] <= 1001] != ["200", "1k", "1k"]


@pytest.mark.parametrize("y, log, least", [([10, 10.5], True, 3), ([10, 1000], True, 100)])
def test_the_axis_of_values_exaggerates_nothing(y, log, least):
    ax = Figure().subplots()
    points.scale_y(ax, np.array(y, float), log)
    lo, hi = ax.get_ylim()
    assert hi / lo >= least * 0.999 and lo < min(y) < max(y) < hi
    points.scale_y(ax := Figure().subplots(), np.array(y, float), False)
    assert ax.get_ylim()[0] == 0


def test_axes_have_the_meaning_and_the_unit_of_a_knob():
    from bestiary.catalog.read import read_catalog
    from bestiary.judge.setup import load

    known = load(read_catalog()["catapult"])
    assert names.knob(known, "lr") == ("lr [1 / curvature at step 0]", "gradient-descent step size")
    assert names.variable(known, [], "lr", "1 / (1 - x)").name == "1 / (1 - lr)"
    assert names.cited("zucchet2025emergence: 1.51 T^0.99, figure 1c") == "zucchet2025emergence"
    assert names.cited("by hand") == "by hand"


def test_the_words_tell_the_verdicts(judged):
    words = claim_figures.draw(judged["law"]).get_supxlabel().replace("\n", " ")
    assert "holds" in words and "fails" in words and "root 1" in words and "4 seeds a point" in words


def test_no_key_lies_on_the_axes_or_on_the_title(judged):
    figure = claim_figures.draw(judged["boundary"])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    frame = figure.axes[0].get_window_extent()
    boxes = [legend.get_window_extent(canvas.get_renderer()) for legend in figure.findobj(Legend)]
    title = next(t for t in figure.texts if t.get_text() == figure.get_suptitle())
    top = title.get_window_extent(canvas.get_renderer()).y0
    assert boxes and all(box.y0 >= frame.y1 - 1 and box.y1 <= top and box.x1 <= figure.bbox.x1 for box in boxes)


def test_one_file_for_each(judged, tmp_path):
    drawn = claim_figures.draw_all(list(judged.values()), tmp_path)
    assert {path.name for path in drawn} == {"bowl-slow.png", "bowl-edge.png", "bowl-steeper.png"}
    assert all(path.stat().st_size > 5000 for path in drawn)
