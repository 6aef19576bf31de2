"""Figures of maps that were asked for: labels can be told apart, and words can be an axis."""

from dataclasses import replace
from itertools import combinations

import pytest
from bowl_map import MAPPED, setup
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bestiary.catalog.axes import Axis
from bestiary.figures import maps as map_figures
from bestiary.judge.setting import Setting
from bestiary.maps import explore
from bestiary.maps.boundary import Crossing
from bestiary.train.store import NoStore


def explored(*axes):
    """A map of the bowl over these axes."""
    setting = Setting(setup(), MAPPED.knobs, MAPPED.static, "default")
    return explore.run(explore.plan(setting, axes, 4, 0), NoStore(), boundary_of="growing")


@pytest.fixture(scope="module")
def line():
    return explored(Axis("lr", (1.0, 1.2, 1.4, 1.6, 1.8, 2.2)))


@pytest.mark.parametrize("places", [(1.45, 1.5), (1.0, 2.2), (1.3, 1.5, 1.7), (1.9, 1.95, 2.0)])
def test_labels_of_neighbouring_crossings_do_not_overlap_and_are_in_the_figure(line, places):
    crossings = tuple(Crossing(x - 0.1, x + 0.1, "appears", x, 0.2, True, False, 6) for x in places)
    figure = map_figures.draw(replace(line, crossings=crossings))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [label.get_window_extent(canvas.get_renderer()) for label in figure.axes[0].texts]
    assert len(boxes) == len(places)
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert all(0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_a_map_along_words_is_a_diagram_of_one_column():
    figure = map_figures.draw(explored(Axis("start", ("random", "fixed"))))
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["random", "fixed"]
    assert figure.get_suptitle().endswith("over start")
