"""The figure of `bestiary detect` shows the curves as logged and what was found where it was found."""

import warnings

import numpy as np
import pytest
from log_files import LOGS, asked
from matplotlib.figure import Figure
from written_logs import T, csv, spiky

from bestiary.figures import logs as detect_figure
from bestiary.log import Series
from bestiary.watch import detect


def figure(*paths) -> Figure:
    reads, failed = detect.inspect_paths(paths, {})
    assert failed == []
    return detect_figure.draw(reads)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_it_is_written_beside_the_table(suffix, tmp_path):
    path = tmp_path / "new" / f"x{suffix}"
    done = asked(spiky(tmp_path / "x.csv"), "--plot", path)
    assert done.exit_code == 1 and f"figure: {path}" in done.stdout and path.stat().st_size > 5000
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    done = asked(spiky(tmp_path / "x.csv"), "--plot", tmp_path / "x.csv" / "y.png")
    assert done.exit_code == 2 and "cannot be written" in done.stderr


@pytest.mark.parametrize("name", ["\x1b[2J", "训练", "\U0001f600", "$\\frac{"])
def test_a_name_of_any_characters_is_drawn_without_a_warning(name, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("run,step,loss\n" + "".join(f"{r},{t},{1 / (t + 1)}\n" for r in (name, "b") for t in range(50)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = asked(path, "--plot", tmp_path / "x.png", "--json")
    assert done.exit_code == 0 and done.stderr.splitlines() == [f"figure: {tmp_path / 'x.png'}"]


def test_spans_lie_where_the_spikes_are(tmp_path):
    (ax,) = figure(spiky(tmp_path / "x.csv")).axes
    spans = sorted(patch.get_xy()[0] for patch in ax.patches)
    np.testing.assert_allclose(spans, [1000, 2000, 3000], atol=20)
    assert ax.get_yscale() == "log" and ax.get_xscale() == "linear"


def test_losses_and_accuracies_have_a_panel_each_and_late_generalisation_a_logarithmic_axis():
    losses, accuracies = figure(LOGS / "nested.jsonl").axes
    assert len(losses.lines) == 2
    assert [ax.get_xscale() for ax in (losses, accuracies)] == ["log", "log"] and accuracies.get_yscale() == "linear"
    assert len(accuracies.patches) == 1 and not losses.patches
    assert accuracies.lines[0].get_xdata()[0] == pytest.approx(380)  # the onset


def test_a_run_without_a_known_channel_is_drawn_empty_not_refused(tmp_path):
    assert len(figure(csv(tmp_path / "x.csv", reward=T)).axes) == 1


def test_many_runs_are_cut_short_and_it_is_said(tmp_path):
    for i in range(detect_figure.ROWS + 3):
        csv(tmp_path / f"{i}.csv", loss=np.exp(-T / 800))
    made = figure(tmp_path)
    assert len(made.axes) == detect_figure.ROWS
    assert any("3 further runs are not drawn" in text.get_text() for text in made.texts)


@pytest.mark.parametrize("log", [False, True])
def test_thinning_keeps_every_peak(log):
    y = np.ones(100_000)
    y[[1, 777, 50_000, 99_999]] = [5, 6, 7, 8]
    t, seen = detect_figure.thin(Series(np.arange(100_000.0), y), log)
    assert t.size <= 2 * detect_figure.POINTS + 2 and (np.diff(t) > 0).all()
    assert set(seen) == {1, 5, 6, 7, 8}
