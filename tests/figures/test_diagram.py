"""Phase diagrams: every run is a strip, the line follows the cells, states that differ look different."""

import numpy as np
import pytest
from bowl_map import MAPPED, setup

from bestiary.catalog.axes import Axis
from bestiary.figures import diagram
from bestiary.figures import maps as map_figures
from bestiary.judge.setting import Setting
from bestiary.maps import explore
from bestiary.train.store import NoStore


@pytest.fixture(scope="module")
def found():
    setting = Setting(setup(), MAPPED.knobs, MAPPED.static, "default")
    axes = Axis("lr", (0.02, 0.5, 1.5, 2.5)), Axis("curvature", (0.5, 1.0, 2.0))
    return explore.run(explore.plan(setting, axes, 6, 0), NoStore(), boundary_of="growing")


def test_every_run_is_a_strip_of_its_cell(found):
    ax, *_ = map_figures.draw(found).axes  # beside it what is left after a product
    (mesh,) = [c for c in ax.collections if hasattr(c, "get_coordinates")]
    assert mesh.get_coordinates().shape[:2] == (4 + 1, 3 * 6 + 1)


def test_the_line_lies_between_cells_and_is_solid_where_both_tell(found):
    ax, *_ = map_figures.draw(found).axes  # beside it what is left after a product
    lines = {c.get_label(): c for c in ax.collections if c.get_label() in ("sure", "unsure")}
    xs, ys = diagram._edges(found.plan.axes[1])[0], diagram._edges(found.plan.axes[0])[0]
    ends = np.concatenate([s for c in lines.values() for s in c.get_segments()])
    assert len(ends) and all(np.isclose(x, xs).any() and np.isclose(y, ys).any() for x, y in ends)
    assert len(lines["sure"].get_segments()) > len(lines["unsure"].get_segments())


def test_few_runs_leave_the_line_unsure():
    setting = Setting(setup(), MAPPED.knobs, MAPPED.static, "default")
    axes = Axis("lr", (0.5, 2.5)), Axis("curvature", (1.0, 1.2))
    few = explore.run(explore.plan(setting, axes, 3, 0), NoStore(), boundary_of="growing")
    (ax,) = map_figures.draw(few).axes  # of three seeds nothing can be said of a product
    lines = {c.get_label(): len(c.get_segments()) for c in ax.collections if c.get_label() in ("sure", "unsure")}
    assert lines == {"sure": 0, "unsure": 2}


def test_undecided_has_a_colour_of_its_own():
    words = ["comprehension", "grokking", "undecided", "absent", "diverged"]
    hues = diagram.colours(words)
    assert len({str(hue) for hue in hues.values()}) == len(words)
    assert not set(diagram.OWN.values()) & set(diagram.OTHERS[:2])
