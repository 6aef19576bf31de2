"""Axes, words and files of figures of made-up runs: no word lies on another, the same figure is the same bytes."""

import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from figure_runs import ABSENCE, LOSS, case, decay, drawn, found, marks, result, setup, words
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.text import Text

from bestiary.cli import export
from bestiary.entry import log_schedule
from bestiary.figures import runs as figures
from bestiary.figures import style as figure_style
from bestiary.judge.setting import Setting
from bestiary.log import Finding, Span, State
from bestiary.train import runs

PATTERNS = {".png": b"\x89PNG\r\n", ".pdf": b"%PDF-", ".svg": b"<?xml"}


# Axes.


def test_units_are_in_the_labels():
    p = setup({"loss": "1", "time_left": "s"}, clock=("lesson", "epoch"))
    upper, lower = drawn(p, result(p, "a", {"loss": decay(), "time_left": decay()}, [ABSENCE] * 4)).axes
    assert upper.get_ylabel() == "loss"
    assert lower.get_ylabel().split() == ["time", "left", "[s]"]
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "lesson [epoch]")
    assert drawn(LOSS, case()).axes[0].get_xlabel() == "step"


@pytest.mark.parametrize(
    "unit, values, scale",
    [
        ("1", decay(to=1e-3), "log"),
        ("1", decay(to=1e-2), "linear"),
        ("1", decay(to=1e-4) - 0.1, "linear"),
        ("1", decay(to=1e-4) - 2e-4, "linear"),
        ("1", np.maximum(decay(to=1e-9) - 1e-8, -1e-7), "log"),  # below zero by rounding
        ("share of pairs", decay(to=1e-4), "linear"),
        ("S / threshold", decay(to=1e-4), "linear"),
    ],
)
def test_an_axis_over_decades_is_logarithmic(unit, values, scale):
    p = setup({"loss": unit})
    (ax,) = drawn(p, result(p, "a", {"loss": values}, [ABSENCE] * 4)).axes
    assert ax.get_yscale() == scale


def test_the_positive_cases_decide_and_a_control_stretches_the_axis_so_far():
    falls = result(LOSS, "falls", {"loss": decay(to=1e-3)}, [ABSENCE] * 4)
    to_nothing = result(LOSS, "to_nothing", {"loss": decay(to=1e-30) - 1e-7}, [ABSENCE] * 4, "noise")
    axes = drawn(LOSS, falls, to_nothing).axes
    assert {ax.get_yscale() for ax in axes} == {"log"}
    assert 1e-6 < axes[0].get_ylim()[0] < 1e-5
    flat = result(LOSS, "flat", {"loss": decay()}, [ABSENCE] * 4)
    assert {ax.get_yscale() for ax in drawn(LOSS, flat, to_nothing).axes} == {"linear"}


def test_cases_share_the_axis_of_a_channel():
    p = setup({"loss": "1", "attention": "share"})
    cases = [
        result(p, name, {"loss": high * decay(), "attention": decay() / high}, [ABSENCE] * 4, control)
        for name, high, control in (("a", 1, None), ("b", 2, None), ("c", 3, "x"), ("d", 4, "x"), ("e", 5, "x"))
    ]
    axes = drawn(p, *cases).axes
    assert len(axes) == 10
    for panels in (axes[::2], axes[1::2]):
        assert len({ax.get_ylim() for ax in panels}) == 1
    assert axes[0].get_ylim()[1] > 5


@pytest.mark.parametrize(
    "p, detector, scale",
    [
        (LOSS, "spikes", "linear"),
        (LOSS, "delayed_generalization", "log"),
        (setup({"loss": "1"}, schedule=log_schedule), "spikes", "log"),
    ],
)
def test_steps_are_logarithmic_where_the_delay_is_a_ratio(p, detector, scale):
    late = result(p, "a", {"loss": decay()}, [found(0), *[found(0.5)] * 3], detector=detector)
    (ax,) = drawn(p, late).axes
    assert ax.get_xscale() == scale
    assert ax.get_xlim() == ((2 if scale == "log" else 0), 100)
    at = np.concatenate([line.get_xdata() for name in ("onset", "onsets") for line in marks(ax, name)])
    assert at.size == 6 and (at >= ax.get_xlim()[0]).all()


def test_settings_that_are_no_cases():
    ds = runs.join([[case().runs], [case().runs]])
    figure = figures.draw_runs("sudden_fall", LOSS, ds, [[found(50)] * 4, [ABSENCE] * 4], ["lr=0.1", "lr=0.2"])
    assert words(figure).startswith("sudden fall lr=0.1 4/4 found, onset 50 lr=0.2 0/4 found; 4 absent root seed 7")
    assert [ax.get_xscale() for ax in figure.axes] == ["linear", "linear"]
    with pytest.raises(ValueError, match="2 settings, 1 lists of findings, 2 labels"):
        figures.draw_runs("sudden_fall", LOSS, ds, [[ABSENCE] * 4], ["lr=0.1", "lr=0.2"])


def test_steps_of_settings_are_logarithmic_if_one_asks_or_they_are_recorded_so():
    late = setup({"loss": "1"}, schedule=log_schedule)
    for p, log, scale in ((LOSS, False, "linear"), (LOSS, True, "log"), (late, False, "log")):
        (ax,) = figures.draw_runs("sudden_fall", p, case().runs, [[found(50)] * 4], ["lr=0.1"], log=log).axes
        assert ax.get_xscale() == scale


@pytest.mark.parametrize("detector, scale", [("spikes", "linear"), ("delayed_generalization", "log")])
def test_a_setting_that_is_written_has_the_axis_of_its_detector(detector, scale, tmp_path, monkeypatch):
    one, drawn_axes = case(detector=detector), []
    monkeypatch.setattr(export, "save", lambda figure, path: drawn_axes.extend(figure.axes))
    asked = Setting(one.setup, LOSS.knobs, LOSS.static, "default")
    data, picture = export.write_setting(asked, one.runs, one.findings, tmp_path)
    assert [ax.get_xscale() for ax in drawn_axes] == [scale]
    assert (data.name, picture.name) == ("sudden_fall.nc", "sudden_fall.png") and data.is_file()


# The page.


def boxes(figure):
    """(text, its box) of every visible text."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for ax in figure.axes:
        texts += [*ax.texts, ax.xaxis.label, ax.yaxis.label]
        for axis, (lo, hi) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            texts += [tick.label1 for tick in axis.get_major_ticks() if lo <= tick.get_loc() <= hi]
    shown = [t for t in texts if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
    return [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in shown]


@pytest.mark.parametrize("n", [1, 2, 4, 5, 8])
def test_no_word_lies_on_another_or_off_the_page(n):
    p = setup({"loss": "1", "attention_on_the_token": "share of all the attention there is", "ratio": "S / threshold"})
    seen = dict(zip(p.figure, (decay(to=1e-6), decay(), 12345 * decay()), strict=True))
    findings = [found(60 + t, Span(0, 20, "plateau"), Span(20, 60 + t, "slow, then abrupt drop")) for t in range(3)]
    findings.append(Finding(State.DIVERGED, "", phase="instability"))
    cases = [
        result(p, f"case{i}" + "_hyperparameterisation" * i, seen, findings, "the one cause removed, " * i or None)
        for i in range(n)
    ]
    figure = drawn(p, *cases)
    assert len(figure.axes) == 3 * n
    wide, high = figure.get_size_inches()
    assert wide == figure_style.WIDTH and high < 14
    found_boxes = boxes(figure)
    page = figure.bbox
    off = [t for t, b in found_boxes if b.x0 < page.x0 or b.x1 > page.x1 or b.y0 < page.y0 or b.y1 > page.y1]
    assert off == []
    over = [(t, u) for (t, a), (u, b) in itertools.combinations(found_boxes, 2) if a.padded(-0.5).overlaps(b)]
    assert over == []
    frames = [ax.get_window_extent() for ax in figure.axes]
    assert not [1 for a, b in itertools.combinations(frames, 2) if a.overlaps(b)]
    inside = [t for t, b in found_boxes for frame in frames if frame.padded(-2).overlaps(b)]
    assert inside == []


def test_at_most_four_columns_as_even_as_can_be():
    def columns(n):
        axes = drawn(LOSS, *(case(f"c{i}") for i in range(n))).axes
        lefts, rows = ([round(getattr(ax.get_position(), side), 6) for ax in axes] for side in ("x0", "y0"))
        return [rows.count(y) for y in dict.fromkeys(rows)], len(set(lefts))

    assert [columns(n) for n in (1, 4, 5, 7)] == [([1], 1), ([4], 4), ([3, 2], 3), ([4, 3], 4)]


def test_dollars_are_no_mathematics(tmp_path):
    figure = drawn(LOSS, case(control=r"$\frac{ and $6"))
    assert r"without $\frac{ and $6" in words(figure)
    figures.save(figure, tmp_path / "a.png")


def test_paragraphs():
    lines = figure_style.paragraph("one two " + "w" * 200 + " three", 1.0)
    assert "".join(line.text for line in lines).replace(" ", "") == "onetwo" + "w" * 200 + "three"
    assert max(figure_style.width_of(line.text) for line in lines) <= 1.0
    assert figure_style.paragraph("", 1.0) == []
    assert [line.text for line in figure_style.paragraph("ab", 0.0)] == ["a", "b"]


def test_a_group_of_a_key_is_broken_only_if_it_is_too_wide():
    def rows(*groups, width=3.0):
        made = [[Line2D([], [], label=label) for label in group] for group in groups]
        return [[str(entry.get_label()) for entry in row] for row in figure_style.rows_of_key(made, width)]

    assert rows(["first word"], ["one", "two"]) == [["first word", "one", "two"]]
    assert rows(["first word"] * 2, ["one", "two", "three"]) == [["first word"] * 2, ["one", "two", "three"]]
    assert rows(["one", "w" * 60, "two"]) == [["one"], ["w" * 60], ["two"]]


@pytest.mark.parametrize(
    "value, text", [(0, "0"), (0.5, "0.5"), (400, "400"), (1500, "1.5k"), (-2e4, "-20k"), (3e6, "3M")]
)
def test_numbers_on_an_axis(value, text):
    assert figure_style.number(value) == text


# Files.


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_figure_is_the_same_bytes_each_time(suffix, tmp_path):
    paths = [tmp_path / "new folder" / f"{name}{suffix}" for name in "ab"]
    figures.save(drawn(LOSS, case()), paths[0])
    with matplotlib.rc_context({"font.size": 30, "axes.spines.top": True, "lines.color": "red", "savefig.dpi": 10}):
        figures.save(drawn(LOSS, case()), paths[1])
    first, second = (path.read_bytes() for path in paths)
    assert first == second and first.startswith(PATTERNS[suffix])


def test_a_png_has_200_dots_per_inch(tmp_path):
    figure = drawn(LOSS, case())
    figures.save(figure, tmp_path / "a.png")
    size = np.frombuffer((tmp_path / "a.png").read_bytes()[16:24], ">u4")
    np.testing.assert_allclose(size, 200 * figure.get_size_inches(), atol=1)


def test_saving_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    figure = drawn(LOSS, case())
    path.write_text("the old one")

    def full(self, target):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="no space left"):
            figures.save(figure, path)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.jpg", "a"])
def test_another_format(name, tmp_path):
    with pytest.raises(ValueError, match=r"name it \.png, \.pdf, \.svg"):
        figures.save(drawn(LOSS, case()), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_one_file_per_entry_and_root(tmp_path):
    one, other = case("a"), case("b", root=8)
    assert figures.draw_all([one], tmp_path) == [tmp_path / "sudden_fall.png"]
    paths = figures.draw_all([one, other], tmp_path)
    assert [path.name for path in paths] == ["sudden_fall_root7.png", "sudden_fall_root8.png"]
    assert all(path.read_bytes().startswith(PATTERNS[".png"]) for path in paths)


def test_no_global_state_of_pyplot():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, bestiary.figures; sys.exit('matplotlib.pyplot' in sys.modules)"]
    )
    assert done.returncode == 0
