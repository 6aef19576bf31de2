"""Figures of interactions: what is drawn is what was judged, and what nobody measured stays empty."""

import math

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from planted_pair import SUM, block, setup

from bestiary.figures import claims, interaction_table, interactions
from bestiary.judge.rounds import drive
from bestiary.maps import explore
from bestiary.maps import judge as maps
from bestiary.maps.factorise import factorise
from bestiary.maps.interactions.summary import Cell, cells
from bestiary.train.store import NoStore


def judge(*given, **fields):
    (result,) = drive(maps.tasks(setup(planted=block(*given, **fields)), 1), NoStore())
    return result


@pytest.fixture(scope="module")
def judged():
    return judge(SUM, knobs={"kappa": math.log(0.7), "noise": 0.1}, over="b=0,0.25,0.5,1")


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


def test_kappa_is_drawn_at_every_value_with_its_limits_beside_the_tolerance(judged):
    figure = drawn(claims.draw(judged))
    curves, kappa = figure.axes
    assert curves.get_ylabel().startswith("q") and kappa.get_ylabel() == "kappa of q"
    assert [t.get_text() for t in curves.get_legend().get_texts()] == ["neither", "A", "B alone", "both"]
    words = {t.get_text() for t in kappa.get_legend().get_texts()}
    assert {"within 0.1", "B off", "where it leaves them"} <= words and "antagonism" in words
    bars = [c for c in kappa.containers if c.lines[0].get_ydata().size == 1]
    assert [b.lines[0].get_ydata()[0] for b in bars] == pytest.approx(
        [np.median(p.kappa.value) for p in judged.table.points], rel=1e-6
    )
    caption = figure._supxlabel.get_text().replace("\n", " ")
    assert "claimed sum of parts: fails" in caption and "24 pairs of runs at each value, root 1" in caption


def test_what_is_gone_is_told_in_words_and_words_are_an_axis():
    figure = drawn(claims.draw(judge(SUM, knobs={"kills": 0.8})))
    assert [t.get_text() for t in figure.axes[-1].texts] == ["destroyed"]
    figure = drawn(interactions.draw(judge(SUM, over="kind=plain,other", rule={"name": "independent"}).table))
    assert [t.get_text() for t in figure.axes[-1].get_xticklabels()] == ["plain", "other"]


def test_an_interaction_has_a_file_of_its_own_beside_a_law_of_its_name(judged, tmp_path):
    (file,) = claims.draw_all([judged], tmp_path)
    assert file.name == "pair-with-planted.png" and file.stat().st_size > 5000


CELLS = [
    Cell("a", "some noise", "x", "q", "b=1", -0.5, -0.6, -0.4, "antagonism"),
    Cell("a", "some noise", "y", "onset", "b=1", 0.01, -0.02, 0.03, "sum of parts"),
    Cell("b", "a", "z", "q"),
]


def test_the_table_has_a_cell_for_each_pair_that_was_asked_for_and_no_other():
    figure = drawn(interaction_table.draw(CELLS))
    (ax,) = figure.axes
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    assert [(b.get_x(), b.get_y(), b.get_height()) for b in boxes] == [(0, 0, 0.5), (0, 0.5, 0.5), (1, 1, 1)]
    assert [t.get_text() for t in ax.texts] == ["-0.5\nantagonism", "+0.01\nsum of parts", "not measured"]


def test_the_table_is_made_of_the_records(judged):
    entry = judged.entry
    point = {"at": 1.0, "kappa": [-0.36, -0.4, -0.3], "outcome": "antagonism"}
    record = {"maps": {"interaction planted": {"root 3": {"claims": [], "points": [point]}}}}
    assert cells([entry], {}) == [Cell("pair", "the other half", "planted", "q")]
    (cell,) = cells([entry], {"pair": record})
    assert (cell.at, cell.kappa, cell.low, cell.high, cell.outcome) == ("b=1", -0.36, -0.4, -0.3, "antagonism")


def test_a_map_of_two_knobs_has_a_panel_of_what_is_left_after_a_product():
    from bowl_map import MAPPED
    from bowl_map import setup as bowl

    from bestiary.catalog import axes as grid
    from bestiary.figures import diagram
    from bestiary.judge.setting import Setting

    setting = Setting(bowl(), MAPPED.knobs, MAPPED.static, "default")
    axes = [grid.parse("curvature=0.5,1,2"), grid.parse("lr=0.2,0.4,0.45")]
    found = explore.run(explore.plan(setting, axes, 8, 0), NoStore())
    both = found.factorisation
    step = np.array([[0.2, 0.4, 0.45]]) * np.array([[0.5], [1], [2]])
    exact = np.ceil(math.log(1e3) / (-2 * np.log(np.abs(1 - step))))
    assert both.residual == pytest.approx(factorise(np.repeat(exact[..., None], 8, 2)).residual)
    assert both.words("curvature", "lr").startswith("onset does not factorise over curvature and lr")
    figure = drawn(diagram.draw(found))
    residual = figure.axes[1]
    assert [float(t.get_text()) for t in residual.texts] == pytest.approx(both.residual.ravel(), abs=0.006)
    assert "onset: ln, less a product" in residual.get_title()
