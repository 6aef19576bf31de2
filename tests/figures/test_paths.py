"""Figures of paths: a bar for each rung and one for the removed cause, the marker in its bands, a verdict per step."""

import pytest
from bowl_map import PATH, setup
from matplotlib.backends.backend_agg import FigureCanvasAgg

from bestiary.figures import paths
from bestiary.judge.rounds import drive
from bestiary.maps import judge as maps
from bestiary.train.store import NoStore

MARKED = PATH | {
    "mechanisms": {"it rolls down": [0.02, 0.3], "it jumps": [0.6, 1.5]},
    "learned": {"of": "falling"},
}


@pytest.fixture(scope="module")
def marked():
    (result,) = drive(maps.tasks(setup(paths={"steeper": MARKED}), 1), NoStore())
    return paths.draw(result)


def told(figure):
    return [text.get_text() for text in figure.texts]


def test_a_path_has_a_bar_for_each_rung_and_a_line_where_the_rate_changes(marked):
    top, low, _ = marked.axes
    assert [bar.get_height() for bar in top.containers[0]] == [1.0, 1.0, 0.0]
    dashed = [line.get_xdata()[0] for line in top.get_lines() if line.get_linestyle() == "--"]
    assert dashed == [1.5]
    assert low.get_ylabel() == "onset [step]"
    assert {"bowl", "fixed", "data", "steep", "network"} <= set(told(marked))


def test_the_removed_cause_is_an_open_bar_beside(marked):
    filled, without = marked.axes[0].containers[0], marked.axes[0].containers[2]
    assert [bar.get_height() for bar in filled] == [1.0, 1.0, 0.0]
    assert [bar.get_height() for bar in without] == [0.0, 0.0, 0.0]
    assert all(bar.get_facecolor()[3] == 0 for bar in without)
    named = [text.get_text() for legend in marked.legends for text in legend.get_texts()]
    assert any("without the step" in text for text in named)


def test_the_marker_stands_against_the_bands_of_the_mechanisms(marked):
    ax = marked.axes[2]
    assert ax.get_ylabel() == "rate [1 / step]"
    bands = {p.get_label(): (p.get_y(), p.get_y() + p.get_height()) for p in ax.patches}
    assert bands == {"it rolls down": (0.02, pytest.approx(0.3)), "it jumps": (0.6, pytest.approx(1.5))}
    assert [t.get_text().replace("\n", " ") for t in ax.texts] == ["it rolls down", "it jumps"]
    assert len(ax.containers) == 2  # no run of the third rung has the effect


def test_a_band_without_an_end_does_not_flatten_the_marker():
    bands = {"it rolls down": [0.02, 0.3], "it jumps": [0.6, 1.0e9]}
    (result,) = drive(maps.tasks(setup(paths={"steeper": MARKED | {"mechanisms": bands}}), 1), NoStore())
    lo, hi = paths.draw(result).axes[2].get_ylim()
    assert lo < 0.1 and 0.6 < hi < 2


def test_each_step_has_its_verdict_and_an_absent_phenomenon_its_reason(marked):
    words = " ".join(told(marked))
    assert "same mechanism" in words and "unknown" in words and "another" not in words
    assert [t.get_text() for t in marked.axes[0].texts] == ["not learned"]
    assert "to steep, unknown" in words


def many(n):
    """A path of so many rungs that columns are too narrow for names."""
    names = ["two_tables", "cross_entropy", "skip_connections", "no_mirror_images", "more_pairs_again"]
    rungs = [
        MARKED["rungs"][0] | {"name": f"{names[i % 5]}_{i}", "side": "network", "knobs": {"lr": 0.3 + 0.01 * i}}
        for i in range(n)
    ]
    (result,) = drive(maps.tasks(setup(paths={"steeper": MARKED | {"rungs": rungs}}), 1), NoStore())
    return paths.draw(result)


@pytest.fixture(scope="module")
def long():
    return many(10)


@pytest.fixture(scope="module")
def longest():
    return many(17)


def test_where_columns_are_narrow_a_verdict_is_a_sign_that_the_caption_explains(longest):
    assert [text for text in told(longest) if text in paths.SIGNS.values()] == ["="] * 16
    assert "= same mechanism" in " ".join(told(longest))


@pytest.mark.parametrize("figure", ["marked", "long", "longest"])
def test_no_word_is_off_the_page_and_no_verdict_is_broken(figure, request):
    drawn = request.getfixturevalue(figure)
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    boxes = [t.get_window_extent(canvas.get_renderer()) for ax in drawn.axes for t in ax.texts]
    boxes += [t.get_window_extent(canvas.get_renderer()) for t in drawn.texts]
    page = drawn.bbox
    assert not [text for text in told(drawn) if text in ("m", "mechanis")]
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 and page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)
