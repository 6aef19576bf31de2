"""A catalog that was read once is read without parser and checks, and never as it was before an edit."""

import os
import pickle
import threading
from copy import deepcopy

import pytest
from enlarged import blocks
from hypothesis import given
from hypothesis import strategies as st

from bestiary.catalog import cite, kept, parsed, read, right, yaml_source
from bestiary.catalog.entries import Entry
from bestiary.catalog.listed import Listed, listed
from bestiary.catalog.mistakes import CatalogError, Source
from bestiary.catalog.read import read_catalog
from bestiary.files import modules

KEY, OTHER = "grokking", "superposition"
BLOCKS = blocks(parsed.catalog_path().read_text("utf-8"))
PART = "".join(BLOCKS[key] for key in BLOCKS if key.startswith(KEY) or key == OTHER)
TEXT = "# A part of the catalog, which is parsed faster.\n" + "".join(
    BLOCKS[key] for key in BLOCKS if BLOCKS[key] in PART or f"with: {key}\n" in PART
)


class Parsed(Exception):
    """The parser was called."""


class Checked(Exception):
    """All blocks were checked."""


def no_parser(raw, name):
    raise Parsed


def no_checks(*arguments):
    raise Checked
    yield


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """A copy of the catalog, and an empty cache."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "catalog.yaml"
    file.write_text(TEXT, "utf-8")
    return file


@pytest.fixture
def again(catalog, monkeypatch):
    """The same once it was read; whoever parses or checks it from here on fails."""
    read_catalog(catalog)
    monkeypatch.setattr(yaml_source, "parse", no_parser)
    monkeypatch.setattr(read.checks, "consistency", no_checks)
    return catalog


def test_a_second_reading_is_the_first(catalog, monkeypatch):
    first, data = read_catalog(catalog), yaml_source.parse(catalog.read_bytes(), "")[0]
    monkeypatch.setattr(yaml_source, "parse", no_parser)
    assert repr(parsed.load(catalog).data) == repr(data)
    again = read_catalog(catalog)
    assert again == first and list(again) == list(first)
    assert [e.key for e in again.values()] == list(first)
    assert [(c.name, repr(c)) for e in again.values() for c in e.cases.values()] == [
        (c.name, repr(c)) for e in first.values() for c in e.cases.values()
    ]


def test_only_what_is_asked_for_is_validated(again, monkeypatch):
    made = []
    validate = read._entries
    monkeypatch.setattr(read, "_entries", lambda data, source: made.append(list(data)) or validate(data, source))
    keys = [OTHER, KEY]
    assert list(read_catalog(again, keys)) == keys and made == [keys]


def test_a_key_that_is_not_there_takes_no_parser(again):
    with pytest.raises(CatalogError, match=r"no entry 'groking'; did you mean 'grokking'\?"):
        read_catalog(again, ["groking"])


def test_a_list_says_what_the_entries_say(catalog, monkeypatch):
    entries, first = read_catalog(catalog), listed(catalog)
    monkeypatch.setattr(read, "read", no_checks)
    assert listed(catalog) == first and list(first) == list(entries)
    for key, one in first.items():
        e = entries[key]
        assert (one.key, one.zone, one.draft) == (e.key, e.zone, e.draft)
        grades = e.complexity.network, e.complexity.data
        told = (key, e.title, e.kind, e.particle, e.status, e.version, *grades, e.references)
        assert one == Listed(*told)


def test_a_list_of_a_catalog_that_nobody_has_read(catalog):
    assert listed(catalog) == listed(catalog)


# Never as it was.


@pytest.mark.parametrize("edit", [("1.0", "1.1"), ("e", "e "), ("#", "##")])
def test_an_edit_is_read(again, edit):
    again.write_text(TEXT.replace(*edit, 1), "utf-8")
    for asked in (read_catalog, listed, parsed.load):
        with pytest.raises(Parsed):
            asked(again)


def test_an_edit_that_keeps_date_and_size_is_read(catalog):
    title = read_catalog(catalog)[KEY].title
    before = catalog.stat()
    catalog.write_text(TEXT.replace(title, title[::-1]), "utf-8")
    os.utime(catalog, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert catalog.stat().st_size == before.st_size
    assert read_catalog(catalog)[KEY].title == listed(catalog)[KEY].title == title[::-1]


def test_another_parser_parses_again(again, monkeypatch):
    monkeypatch.setattr(kept, "code", lambda *modules: b"another")
    with pytest.raises(Parsed):
        read_catalog(again)


def test_a_parser_without_a_text_leaves_nothing(catalog, monkeypatch, tmp_path):
    def gone(*modules):
        raise FileNotFoundError("in an archive")

    monkeypatch.setattr(kept, "code", gone)
    assert len(read_catalog(catalog)) == len(read_catalog(catalog)) and not (tmp_path / "cache").exists()


def test_what_it_is_checked_against_counts(again, tmp_path, monkeypatch):
    """A work, a question, a file of an entry or of a detector that comes or goes, and the code of the checks."""
    files = {package: {*modules(package)} for package in ("phenomena", "detectors")}
    works = tmp_path / "references.bib"
    works.write_bytes(cite.path().read_bytes() + b"\n")
    checker = kept.code
    others = [
        ("bestiary.catalog.right.modules", (files | {"phenomena": files["phenomena"] - {KEY}}).__getitem__),
        ("bestiary.catalog.right.modules", (files | {"detectors": {*files["detectors"], "x"}}).__getitem__),
        ("bestiary.catalog.cite.path", lambda: works),
        ("bestiary.catalog.right.locate", lambda name: works),
        (
            "bestiary.catalog.kept.code",
            lambda *modules: checker(*modules) + b"2" * ("pydantic" in modules),
        ),
    ]
    assert right.is_noted(parsed.load(again))
    for name, other in others:
        with monkeypatch.context() as patch:
            patch.setattr(name, other)
            assert not right.is_noted(parsed.load(again)), name
    assert right.is_noted(parsed.load(again))


def test_a_file_that_has_gone_is_told_as_of_a_fresh_parse(catalog, monkeypatch):
    known = {package: {*modules(package)} for package in ("phenomena", "detectors")}
    known["phenomena"] -= {KEY}
    monkeypatch.setattr("bestiary.catalog.read.modules", known.__getitem__)
    monkeypatch.setattr("bestiary.catalog.right.modules", known.__getitem__)
    said = []
    for _ in range(3):
        with pytest.raises(CatalogError) as caught:
            read_catalog(catalog)
        said.append(str(caught.value))
    assert said[0].startswith("catalog.yaml:") and f"no file phenomena/{KEY}.py" in said[0]
    assert len(set(said)) == 1 and said[0].split(":")[1].isdigit()


# What is kept is not what the file says: a file forged by its owner, or a disk that lies.

FORGED = {
    "no block": lambda data: data | {KEY: 1},
    "an empty block": lambda data: data | {KEY: {}},
    "a field of another type": lambda data: data | {KEY: data[KEY] | {"complexity": 3}},
    "a field too many": lambda data: data | {KEY: data[KEY] | {"ttle": "x"}},
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("ask", [read_catalog, lambda file: read_catalog(file, [KEY]), listed])
def test_a_forged_parse_is_no_answer(catalog, forge, ask):
    first = ask(catalog)
    raw = catalog.read_bytes()
    kept.put(parsed._address(raw), forge(parsed.load(catalog).data))
    if forge is not FORGED["a field too many"] or ask is not listed:  # a list does not look there
        assert ask(catalog) == first
        assert parsed.load(catalog).data == yaml_source.parse(raw, "")[0]  # and it was written anew


# Where everything stands.


def test_places_are_those_of_a_fresh_parse(catalog):
    fresh = next(iter(read_catalog(catalog).values()))._source
    again = next(iter(read_catalog(catalog).values()))._source
    assert isinstance(again, Source) and "places" not in vars(again)  # nobody has asked
    assert again.places == fresh.places and len(fresh.places.values) > 1000
    paths = [*fresh.places.keys, (KEY, "nowhere"), ("nobody",)]
    assert [again.mistake(path, "x", key=True) for path in paths] == [
        fresh.mistake(path, "x", key=True) for path in paths
    ]


@pytest.mark.parametrize("copy", [deepcopy, lambda entry: pickle.loads(pickle.dumps(entry))])
def test_an_entry_can_be_sent(catalog, copy):
    for _ in range(2):
        entry = read_catalog(catalog, [KEY])[KEY]
        sent = copy(entry)
        assert isinstance(sent, Entry) and sent == entry and sent.key == KEY
        path = (KEY, "cases")
        assert sent._source.mistake(path, "x") == entry._source.mistake(path, "x")


# What is not kept.


def test_a_small_file_and_one_with_a_mistake_are_parsed_each_time(tmp_path, monkeypatch):
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "catalog.yaml"
    for text in ("a: {b: 1}\n", f"{TEXT}\nzzz: {{a: 1, a: 2}}\n"):
        file.write_text(text, "utf-8")
        assert not parsed.load(file).kept and not parsed.load(file).kept
    assert not (tmp_path / "cache").exists()


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="no files of descriptors")
def test_a_pipe_of_the_shell_is_read_once(catalog):
    def piped(ask):
        out, into = os.pipe()
        writer = threading.Thread(target=lambda: (os.write(into, TEXT.encode()), os.close(into)))
        writer.start()
        try:
            return ask(parsed.Path(f"/dev/fd/{out}"))
        finally:
            os.close(out)
            writer.join()

    assert piped(listed) == piped(listed) == listed(catalog)
    assert piped(read_catalog) == read_catalog(catalog)


SCALARS = st.one_of(
    *(st.text(max_size=5), st.integers(-(2**1000), 2**1000), st.floats(allow_nan=False), st.booleans(), st.just(1e-3))
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=3), TREES, max_size=4))
def test_all_that_a_parse_may_hold_comes_back(data):
    body = kept.json.dumps(data, separators=(",", ":"))
    assert repr(kept._with_tuples(kept.json.loads(body))) == repr(data)
