"""Figures of laws, boundaries and paths: what is drawn is what was judged."""

import numpy as np
import pytest
from bowl_map import BOUNDARY, LAW, PATH, setup
from matplotlib.figure import Figure

from bestiary.cli.output.map_tables import spread
from bestiary.figures import claims as claim_figures
from bestiary.figures import maps as map_figures
from bestiary.judge.rounds import drive
from bestiary.maps import judge as maps
from bestiary.maps import laws
from bestiary.train.store import NoStore


@pytest.fixture(scope="module")
def judged():
    """The law, the boundary and the path of the bowl."""
    s = setup(laws={"slow": LAW}, boundaries={"edge": BOUNDARY}, paths={"steeper": PATH})
    return {m.kind: m for m in drive(maps.tasks(s, 1), NoStore())}


def test_a_law_has_its_runs_its_medians_and_its_line(judged):
    (ax,) = claim_figures.draw(judged["law"]).axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lr", "onset")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    runs, cut, medians, law = ax.get_lines()
    y, _ = judged["law"].line.values("onset")
    assert sorted(runs.get_ydata()) == sorted(y.ravel())
    assert len(cut.get_ydata()) == 0
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
    map_figures.draw_law(ax, x, y, cut, law, True)
    runs, arrows, middle, line = ax.get_lines()
    assert list(middle.get_xdata()) == [1, 2, 4] and middle.get_ydata() == pytest.approx(known)
    assert law.deviation == pytest.approx(np.abs(known / law.predict(x[:3]) - 1).max())
    assert [spread(*of)[0] for of in zip(y, cut, strict=True)] == ["100", "200", "400", "cut off"]
    assert spread(y[2], cut[2])[2] == spread(y[3], cut[3])[2] == "cut off"
    assert spread(np.full(3, np.nan), np.zeros(3, bool)) == ("", "", "")
    assert (len(runs.get_xdata()), len(arrows.get_xdata())) == (30, 6)
    assert line.get_xdata()[-1] == pytest.approx(8)


def test_a_boundary_has_the_claim_and_the_bracket(judged):
    (ax,) = claim_figures.draw(judged["boundary"]).axes
    spans = sorted((round(p.get_x(), 4), round(p.get_x() + p.get_width(), 4)) for p in ax.patches)
    (crossing,) = judged["boundary"].crossings
    claims = [claim.within for claim in judged["boundary"].block.claims]
    assert spans == sorted([*claims, (round(crossing.lo, 4), round(crossing.hi, 4))])


def test_numbers_on_a_logarithmic_axis_have_no_powers_and_do_not_touch():
    ax = Figure(figsize=claim_figures.SIZE).subplots()
    claim_figures.scale(ax, None, True, False)
    ax.set_xlim(2.5, 33)
    assert [text.get_text() for text in ax.get_xticklabels() if 2.5 <= text.get_position()[0] <= 33] == [
        "5",
        "10",
        "20",
    ]
    claim_figures.scale(ax, np.array([200.0, 1000.0, 1 / 0.0007]), True, False)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["200", "1k", "1.43k"]


def test_a_path_has_a_bar_for_each_rung_and_a_line_where_the_rate_changes(judged):
    top, low = claim_figures.draw(judged["path"]).axes
    assert [bar.get_height() for bar in top.patches] == [1.0, 1.0, 0.0]
    assert [text.get_text().split("\n")[0] for text in low.get_xticklabels()] == ["bowl", "fixed", "steep"]
    dashed = [line.get_xdata()[0] for line in top.get_lines() if line.get_linestyle() == "--"]
    assert dashed == [1.5]


def test_the_words_tell_the_verdicts(judged):
    words = claim_figures.draw(judged["law"]).get_supxlabel()
    assert "holds" in words and "fails" in words and "root 1" in words


def test_one_file_for_each(judged, tmp_path):
    paths = claim_figures.draw_all(list(judged.values()), tmp_path)
    assert {path.name for path in paths} == {"bowl-slow.png", "bowl-edge.png", "bowl-steeper.png"}
    assert all(path.stat().st_size > 5000 for path in paths)
