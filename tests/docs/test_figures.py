"""The figures of docs/figures are those of the catalog today, and each says where it comes from."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from bowl_map import LAW, setup
from click.testing import CliRunner

from bestiary import files
from bestiary.catalog.read import read_catalog
from bestiary.cli import figure_list, figures, gallery, measured
from bestiary.train.store import NoStore

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "figures"


def test_every_figure_is_there_and_of_today_and_the_page_shows_them():
    entries, asked = list(read_catalog().values()), figure_list.recipe(FOLDER)
    told = figure_list.wrong(FOLDER, figure_list.wanted(entries, asked))
    page = (ROOT / "docs" / "maps.md").read_text("utf-8")
    if page != gallery.renewed(page, entries, asked):
        told.append("docs/maps.md is stale: run `make figures`")
    assert not told, "\n" + "\n".join(told)


def test_every_law_boundary_path_and_interaction_has_a_figure_and_a_place_on_the_page():
    entries, asked = list(read_catalog().values()), figure_list.recipe(FOLDER)
    files = [one.file for one in figure_list.wanted(entries, asked)]
    for e in entries:
        for name in (*e.every_law, *e.boundaries, *e.paths):
            assert f"maps/{e.key}-{name}.png" in files
        for name in e.interactions:
            assert f"maps/{e.key}-with-{name}.png" in files
    page = gallery.gallery(entries, asked)
    shown = set(re.findall(r"\]\(figures/(\S+?)\)", page))
    assert shown == {file for file in files if file != "phases.png"} and len(files) == len(set(files))


@pytest.fixture
def drawn(tmp_path):
    """A folder docs/figures with one figure of grokking, and what is needed there."""
    folder = tmp_path / "docs" / "figures"
    folder.mkdir(parents=True)
    entry = read_catalog()["grokking"]
    one = next(w for w in figure_list.wanted([entry], {}) if w.what.startswith("law"))
    (folder / one.file).parent.mkdir()
    (folder / one.file).write_bytes(b"png")
    source = {"entry": "grokking", "what": one.what, "claims": one.claims, "text": measured.text_of(entry)}
    figure_list.write(folder, {one.file: source | {"python": measured.python(), "root": 1, "commit": "abc"}})
    return folder, one


def told(drawn, needed=True, **changes):
    folder, one = drawn
    listed = figure_list.read(folder)
    figure_list.write(folder, {one.file: listed[one.file] | changes})
    return figure_list.wrong(folder, [one] if needed else [])


def test_a_figure_of_today_is_right(drawn):
    assert told(drawn) == []
    assert told(drawn, text="x", python="3.1") == []  # text of another Python is not compared


@pytest.mark.parametrize(
    "changes, words",
    [({"text": "x"}, "was drawn with other code"), ({"claims": "x"}, "is of another law than the catalog's today")],
)
def test_a_figure_of_another_day_is_told_with_what_to_run(drawn, changes, words):
    (line,) = told(drawn, **changes)
    assert line == f"docs/figures/{drawn[1].file} {words}: run `make figures`, or with ENTRIES=grokking"


def test_a_figure_that_is_missing_or_not_listed_or_of_nothing_is_told(drawn):
    folder, one = drawn
    (line,) = told(drawn, needed=False)
    assert "is of nothing in the catalog" in line
    (folder / "stray.png").write_bytes(b"png")
    assert any("stray.png is not listed" in line for line in told(drawn))
    (folder / "stray.png").unlink()
    (folder / one.file).unlink()
    assert "is missing" in told(drawn)[0]
    (folder / one.file).write_bytes(b"png")
    figure_list.write(folder, {})
    assert "is not listed" in figure_list.wrong(folder, [one])[0]


def test_a_figure_of_data_is_of_the_data_that_lie_there(drawn):
    folder, one = drawn
    data = folder.parents[1] / "rates.json"
    data.write_text("{}")
    (folder / "matrix.png").write_bytes(b"png")
    source = {"data": "rates.json", "sha256": figure_list.digest(data), "commit": "abc"}
    figure_list.write(folder, figure_list.read(folder) | {"matrix.png": source})
    assert figure_list.wrong(folder, [one]) == []
    data.write_text("[]")
    assert "matrix.png is not of today's rates.json" in figure_list.wrong(folder, [one])[0]
    (folder / "matrix.png").unlink()
    assert "matrix.png is missing" in figure_list.wrong(folder, [one])[0]


def repository(path):
    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", path, *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    (path / "catalog.yaml").write_text("a: 1\n")
    git("add", ".")
    git("commit", "-qm", "first")
    return path


def test_figures_are_drawn_from_a_commit_and_what_they_write_does_not_count(tmp_path):
    root = repository(tmp_path)
    commit = figure_list.clean_commit(root)
    assert re.fullmatch("[0-9a-f]{12,}", commit)
    (root / "docs" / "figures" / "maps").mkdir(parents=True)
    for file in ("grokking.png", "maps/a-b.png", "figures.json"):
        (root / "docs" / "figures" / file).write_text("made")
    assert figure_list.clean_commit(root) == commit
    (root / "catalog.yaml").write_text("a: 2\n")
    with pytest.raises(ValueError, match=r"^catalog\.yaml is not committed: .* commit first$"):
        figure_list.clean_commit(root)
    (root / "new.py").write_text("")
    with pytest.raises(ValueError, match="and 1 more"):
        figure_list.clean_commit(root)


def test_what_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no checkout of git"):
        figure_list.clean_commit(tmp_path)


def test_the_command_refuses_a_tree_that_is_not_committed(monkeypatch):
    def changed(root):
        raise ValueError("catalog.yaml is not committed")

    monkeypatch.setattr(files, "checkout", lambda: ROOT)
    monkeypatch.setattr(figure_list, "clean_commit", changed)
    done = CliRunner().invoke(figures.main, [])
    assert done.exit_code == 2
    assert done.output.splitlines() == ["Error: figures: catalog.yaml is not committed"]


def test_what_is_due_of_an_entry_is_drawn_and_listed(tmp_path, monkeypatch):
    folder = tmp_path / "docs" / "figures"
    folder.mkdir(parents=True)
    s = setup(laws={"slow": LAW})
    asked = {"runs": ["bowl"], "maps": {"two": {"entry": "bowl", "over": ["lr=0.5,2.5", "curvature=1,2"], "seeds": 3}}}
    due = figure_list.wanted([s.entry], asked)
    monkeypatch.setattr("bestiary.figures.runs.log_steps", lambda detector: False)  # the bowl's has no file
    figures._draw(s, due, folder, "abc", asked, NoStore())
    listed = json.loads((folder / "figures.json").read_text("utf-8"))["figures"]
    assert set(listed) == {"bowl.png", "two.png", "maps/bowl-slow.png"}
    assert all((folder / file).read_bytes().startswith(b"\x89PNG") for file in listed)
    assert {(of["root"], of["commit"], of["entry"]) for of in listed.values()} == {(1, "abc", "bowl")}
    assert listed["maps/bowl-slow.png"]["what"] == "law slow"
    assert figure_list.wrong(folder, due) == []
    assert not any(figure_list.stale(folder, one) for one in due)


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks the lines"):
        gallery.renewed("no marks", [], {})
