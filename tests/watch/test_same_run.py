"""`bestiary watch` knows another run by what is in the file: replaced, rewritten in place, rotated, gone on."""

import math
import os

import numpy as np
import pytest

from bestiary.log import Log
from bestiary.logs.thinning import RECORDS, thinned
from bestiary.watch.follow import Follower, News, Remark
from bestiary.watch.same_run import Kept, kept, trace


def run(n, bad_from, start=0, loss=1.0):
    return "".join(f"{t},{math.nan if t >= bad_from else loss}\n" for t in range(start, n))


def told(follower):
    """The steps from which runs are told to have diverged, and the remarks that a log is another."""
    events = list(follower.poll())
    assert not [event.text for event in events if isinstance(event, Remark) and event.failed]
    news = [event.notice.answer.finding.spans[0].start for event in events if isinstance(event, News)]
    return news, sum("read as another log" in event.text for event in events)


def moved(path, text):
    """Put a file in the place of another, as those do who write whole files."""
    other = path.with_name("other")
    other.write_text(text)
    os.replace(other, path)


def in_place(path, text):
    path.write_text(text)


HEAD = "step,loss\n"


@pytest.mark.parametrize("put", [moved, in_place])
@pytest.mark.parametrize(("n", "bad_from"), [(200, 150), (100, 60), (90, 50)])
def test_another_run_of_any_length_is_told(put, n, bad_from, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(HEAD + run(100, 80))
    follower = Follower(path)
    assert told(follower) == ([80], 0)
    put(path, HEAD + run(n, bad_from))
    assert told(follower) == ([bad_from], 1)


@pytest.mark.parametrize("put", [moved, in_place])
def test_a_run_that_is_rewritten_with_more_goes_on(put, tmp_path):
    path = tmp_path / "m.csv"
    follower = Follower(path)
    for n in (100, 150, 400):
        put(path, HEAD + run(n, 80))
        assert told(follower) == ([80] if n == 100 else [], 0)


def test_a_file_that_is_seen_half_rewritten_is_the_same_run(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(HEAD + run(100, 80))
    follower = Follower(path)
    assert told(follower) == ([80], 0)
    path.write_text(HEAD + run(90, 80))
    assert told(follower) == ([], 0)
    path.write_text(HEAD + run(120, 80))
    assert told(follower) == ([], 0)


def test_a_run_that_begins_anew_in_place_and_grows_is_another(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(HEAD + run(300, 80))
    follower = Follower(path)
    assert told(follower) == ([80], 0)
    path.write_text(HEAD + run(50, 80))
    assert told(follower) == ([], 0)
    with path.open("a") as file:
        file.write(run(100, 80, start=50))
    assert told(follower) == ([80], 1)


def test_rows_that_are_appended_after_a_resume_overwrite_and_are_the_same_run(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(HEAD + run(100, 80))
    follower = Follower(path)
    assert told(follower) == ([80], 0)
    for more in (run(95, 200, start=70), run(300, 250, start=95)):
        with path.open("a") as file:
            file.write(more)
        assert told(follower) == ([], 0)  # a divergence was told of this run


def test_a_log_of_a_folder_that_goes_and_comes_again_is_another(tmp_path):
    path, other = tmp_path / "m.csv", tmp_path / "other.csv"
    for file in (path, other):
        file.write_text(HEAD + run(100, 80))
    follower = Follower(tmp_path)
    assert told(follower) == ([80, 80], 0)
    path.unlink()
    assert told(follower) == ([], 0)
    path.write_text(HEAD + run(100, 80))
    assert told(follower) == ([80], 0)


def test_one_of_several_runs_in_a_file_that_is_rewritten(tmp_path):
    def table(bad_from):
        rows = [f"{name},{row}" for name, bad in (("a", 80), ("b", bad_from)) for row in run(100, bad).splitlines()]
        return "\n".join(["run,step,loss", *rows, ""])

    path = tmp_path / "m.csv"
    path.write_text(table(70))
    follower = Follower(path)
    assert told(follower) == ([80, 70], 0)
    path.write_text(table(60))
    assert told(follower) == ([60], 1)


def test_a_run_is_known_by_its_records():
    t, y = np.arange(1000.0), np.sin(np.arange(1000.0))
    known = trace(Log.of(t, loss=y))
    assert known["loss"].steps.size < 100 and known["loss"].steps[-1] == 999
    assert kept(known, Log.of(t, loss=y)) is Kept.ALL
    assert kept(known, Log({"loss": (t, y), "test_loss": (t[:3], y[:3])})) is Kept.ALL
    assert kept(known, Log.of(t[:500], loss=y[:500])) is Kept.PART
    assert kept(known, Log.of(t, loss=np.where(t == 999, 0, y))) is Kept.NONE
    assert kept(known, Log.of(t, test_loss=y)) is Kept.NONE
    assert kept({}, Log.of(t, loss=y)) is Kept.ALL


def test_a_run_that_grows_until_it_is_thinned_is_the_same():
    t = np.arange(2.0 * RECORDS + 2)
    y = np.cos(t)
    known = trace(Log.of(t[:RECORDS], loss=y[:RECORDS]))
    steps, values = thinned(t, y)
    assert steps[1] > 1 and kept(known, Log.of(steps, loss=values)) is Kept.ALL
    assert kept(known, Log.of(steps, loss=values + 1)) is Kept.NONE
