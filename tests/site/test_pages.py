"""The pages of the site, without a browser: whole, linked, offline, escaped, and of what the catalog says."""

import html
import posixpath
import re
from itertools import pairwise

import pytest
from site_pages import ROOT, Page, built, every_listing

from bestiary.cli import listings
from bestiary.site import build, recordings

MOST = 250_000  # [byte] of a page, its recording included


@pytest.fixture(scope="module")
def known():
    return {one.key: one for one in every_listing()}


@pytest.fixture(scope="module")
def site(known):
    return built(list(known.values()))


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(content.decode()) for path, content in site.items() if path.endswith(".html")}


def test_an_entry_a_page_and_a_card(site, pages, known):
    assert {path for path in pages if path.startswith("entries/")} == {f"entries/{key}.html" for key in known}
    cards = [attrs for attrs in pages["index.html"].of("li") if "data-words" in attrs]
    assert len(cards) == len(known)
    assert {card["data-kind"] for card in cards} == {one.entry.kind for one in known.values()}


def test_every_page_of_the_docs_is_there():
    files = {str(file.relative_to(ROOT)) for kind in ("md", "ipynb") for file in (ROOT / "docs").glob(f"*.{kind}")}
    listed = [doc.file for doc in build.EVERY]
    assert files <= set(listed), "list it in DOCS of bestiary/site/build.py"
    assert len(listed) == len(set(listed)) and all((ROOT / file).is_file() for file in listed)


def test_every_tag_is_closed(pages):
    assert {path: page.wrong for path, page in pages.items() if page.wrong} == {}


def test_ids_are_unique(pages):
    for path, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), path


def test_every_link_and_picture_is_there(site, pages):
    gone = []
    for path, page in pages.items():
        for tag, name in (("a", "href"), ("img", "src"), ("link", "href"), ("script", "src")):
            for target in (attrs[name] for attrs in page.of(tag) if name in attrs):
                if re.match(r"(https://|mailto:|data:,$)", target):
                    assert tag in ("a", "link"), f"{path}: {tag} from elsewhere: {target}"
                    continue
                file, _, anchor = target.partition("#")
                whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
                if whole not in site or (anchor and anchor not in pages[whole].ids):
                    gone.append(f"{path}: {target}")
    assert gone == []


def test_nothing_is_fetched_from_elsewhere(site):
    for path, content in site.items():
        if path.endswith((".css", ".js")) and "uPlot" not in path:
            assert not re.search(rb"https?://|@import|fetch\(|XMLHttpRequest", content), path
    for path in (path for path in site if path.endswith(".html")):
        assert b'<link rel="stylesheet" href="http' not in site[path]


def test_pages_are_small(site, pages):
    assert {path: len(site[path]) for path in pages if len(site[path]) > MOST} == {}
    assert sum(len(site[path]) for path in site if "uPlot" in path) < 500_000


def test_pictures_have_words_and_a_size(pages):
    for path, page in pages.items():
        for attrs in page.of("img"):
            assert attrs["alt"] and int(attrs["width"]) and int(attrs["height"]), path


def test_headings_go_down_by_one(pages):
    for path, page in pages.items():
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(below <= above + 1 for above, below in pairwise(levels)), path


def test_what_one_may_choose_has_a_name(pages):
    for path, page in pages.items():
        labelled = {attrs["for"] for attrs in page.of("label") if "for" in attrs}
        for attrs in (*page.of("button"), *page.of("input"), *page.of("select")):
            inside = (
                attrs.get("id") in labelled
                or "aria-label" in attrs
                or attrs.get("type") in ("checkbox", "search", "reset")
            )
            assert inside or "data-facet" in attrs, (path, attrs)


def test_a_page_says_what_the_catalog_says(site, known):
    for key, one in known.items():
        text = html.unescape(site[f"entries/{key}.html"].decode())
        e = one.entry
        wanted = [e.title, e.definition, *e.also_known_as, *(case.control for case in e.controls.values())]
        maps = (*e.every_law.values(), *e.boundaries.values(), *e.paths.values(), *e.interactions.values())
        wanted += [block.title for block in maps if block.title]
        wanted += [f"bestiary check {key}", *(f"{{{work}," for work in e.references)]
        assert [words for words in wanted if words not in text] == [], key


def test_the_published_exponent_stands_beside_ours(pages, site):
    """From the index by one link to the entry, by one more to its laws: Omnigrok's -1, and what was measured."""
    index = [attrs["href"] for attrs in pages["index.html"].of("a")]
    assert "entries/grokking_teacher_student.html" in index
    entry = site["entries/grokking_teacher_student.html"].decode()
    assert 'href="#maps"' in entry
    (table,) = re.findall(r'id="law-weight_decay".*?</table>', entry, re.DOTALL)
    assert "<td>-1<br>" in table and "liu2022omnigrok, figure 2c" in table
    assert re.search(r"-0\.\d+, -0\.\d+ to -0\.\d+ \(8 seeds", table)


def test_names_are_shown_and_not_obeyed(known):
    one = known["catapult"]
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    entry = one.entry.model_copy(update={"title": evil, "notes": evil, "also_known_as": (evil,), "definition": evil})
    entry._key = one.key
    made = {**one.recording, "cases": [one.recording["cases"][0] | {"name": evil, "control": evil}]}
    bad = listings.listing(entry, ROOT, {}, [("1", evil)])
    object.__setattr__(bad, "recording", made)
    site = built([bad])
    for path in ("index.html", "entries/catapult.html"):
        page = Page(site[path].decode())
        assert page.wrong == []
        assert [attrs for attrs in page.of("img") if "onerror" in attrs] == []
        assert [text for text in page.texts["script"] if "alert" in text and not text.startswith("{")] == []
        assert evil not in site[path].decode()


def test_an_entry_without_a_recording_shows_its_figures(known):
    one = known["grokking_teacher_student"]
    bare = listings.listing(one.entry, ROOT / "docs", {}, [])
    assert bare.recording is None
    object.__setattr__(one, "recording", None)
    page = Page(built([one])["entries/grokking_teacher_student.html"].decode())
    assert "recording" not in page.ids and "explorer" not in page.ids
    assert any("maps/grokking_teacher_student-weight_decay.png" in attrs["src"] for attrs in page.of("img"))


def test_the_recordings_are_of_the_catalog():
    folder, entries = ROOT / "docs" / "recordings", {one.key: one.entry for one in every_listing()}
    files = sorted(folder.glob("*.json"))
    assert files and sum(file.stat().st_size for file in files) < 3_000_000
    for file in files:
        made, again = recordings.read(folder, file.stem), f"run `make recordings ENTRIES={file.stem}`"
        assert file.stem in entries, f"{file.name} is of no entry: remove it"
        assert made["version"] == entries[file.stem].version, f"{file.name} is of another version: {again}"
        assert sorted(c["name"] for c in made["cases"]) == sorted(entries[file.stem].cases), f"{file.name}: {again}"
        for part in (*made["cases"], *(point for sweep in made["sweeps"] for point in sweep["points"])):
            for curve in part["curves"].values():
                t = part["curves"][curve["as"]]["t"] if "as" in curve else curve["t"]
                assert {len(row) for row in (*curve["band"], *curve.get("seeds", ()))} == {len(t)}
                assert t == sorted(set(t))
