"""Every mistake in a catalog is named, with its line and column, and all of them at once."""

from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from bestiary.catalog.mistakes import CatalogError
from bestiary.catalog.read import check_against, read_catalog
from bestiary.entry import Phenomenon

HERE = Path(__file__).parents[1] / "data"
GOOD = (HERE / "good_catalog.yaml").read_text("utf-8")  # lines and columns count from 1
FILES = {"phenomena": {"grokking"}, "detectors": {"delayed_generalization", "plateau_escape"}}


class Malformed(NamedTuple):
    line: int
    old: str
    new: str
    says: list[str]


def malformed():
    """The blocks of malformed_catalogs.txt."""
    lines = (HERE / "malformed_catalogs.txt").read_text("utf-8").split("\n")
    parts: dict[str, list[str]] = {"-": [], "+": [], "=": []}
    for number, line in enumerate(lines, 1):
        if line[:2] in ("- ", "+ ", "= "):
            parts[line[0]].append(line[2:])
        elif parts["="]:
            old, new, says = parts.values()
            end = "" if new else "\n"
            yield Malformed(number - len(old + new + says), "\n".join(old) + end, "\n".join(new), says)
            parts = {"-": [], "+": [], "=": []}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """text -> the lines of the error that reading it raises, without the file's name.

    All is read twice, the second time from what was kept of the parse: it says the same.
    """
    monkeypatch.setattr("bestiary.catalog.read.modules", FILES.__getitem__)
    monkeypatch.setattr("bestiary.catalog.parsed.LEAST", 0)
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))

    def once(file):
        try:
            read_catalog(file)
        except CatalogError as error:
            lines = str(error).splitlines()
            assert all(line.startswith("catalog.yaml:") for line in lines)
            return [line.removeprefix("catalog.yaml:").strip() for line in lines]
        return []

    def read(text):
        file = tmp_path / "catalog.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        said = once(file)
        assert once(file) == said
        return said

    return read


def changed(*edits):
    """The good catalog with the first occurrence of each old text replaced."""
    text = GOOD
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_good_catalog_has_no_mistake(read):
    assert read(GOOD) == []


@pytest.mark.parametrize("case", list(malformed()), ids=lambda case: f"malformed_catalogs.txt:{case.line}")
def test_a_mistake_is_named_where_it_is(read, case):
    assert read(changed((case.old, case.new))) == case.says


WHOLE = {
    "empty": ("", "1:1: empty; want one block per entry"),
    "only a comment": ("# Nothing\n", "1:1: empty; want one block per entry"),
    "null": ("~\n", "1:1: empty; want one block per entry"),
    "a list": ("- grokking\n", "1:1: want a mapping of entries at the top level, not a list"),
    "a list after a byte order mark": (
        b"\xef\xbb\xbf- grokking\n",
        "1:1: want a mapping of entries at the top level, not a list",
    ),
    "text": ("\ngrokking\n", "2:1: want a mapping of entries at the top level, not text"),
    "latin-1": (GOOD.replace("late", "spät").encode("latin-1"), "4:37: byte 0xe4 is not UTF-8; save the file as UTF-8"),
    "utf-16": (GOOD.encode("utf-16"), "1:1: byte 0xff is not UTF-8; save the file as UTF-8"),
    "a bell": (GOOD.replace("Delayed", "De\x07layed"), "3:12: character '\\x07' is not allowed in YAML"),
    "deep": ("a: " + "[" * 5000, "1:43: nested too deeply, more than 40 levels"),
    "an alias of itself": ("a: &a [*a]", "1:4: nested too deeply, more than 40 levels"),
}


@pytest.mark.parametrize("text, says", WHOLE.values(), ids=WHOLE)
def test_a_file_that_is_no_catalog(read, text, says):
    assert read(text) == [says]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CatalogError) as caught:
        read_catalog(tmp_path / "catalogue.yaml")
    assert str(caught.value) == f"catalogue.yaml: no such file in {tmp_path}"
    with pytest.raises(CatalogError, match=r"^[^\n]*: cannot be read: [^\n]*$"):
        read_catalog(tmp_path)


def test_entries_out_of_order_or_without_files(read, monkeypatch):
    block = GOOD.split("\n", 2)[2]
    monkeypatch.setattr("bestiary.catalog.read.modules", {**FILES, "phenomena": {"grokking", "zebra"}}.__getitem__)
    assert read("grokking:\n" + block + "grok:\n" + block + "Zoo:\n" + block) == [
        "66:1: grok: out of order: 'grok' sorts before 'grokking'",
        "66:1: grok: no file phenomena/grok.py; did you mean 'grokking'?",
        "131:1: Zoo: 'Zoo' is not in snake_case",
        "131:1: Zoo: out of order: 'Zoo' sorts before 'grok'",
        "131:1: Zoo: no file phenomena/Zoo.py",
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(read):
    text = changed(
        ("title:", "titel:"),
        ("complexity: {network: 1, data: 1}\n", "complexity: {network: 1, data: 1}\n  complexity: 2\n"),
        ("[power2022grokking]", "[xyz]"),
        ("2026-11-22", "soon"),
        ("detector: delayed", "detector: belayed"),
        ("[0.8, 1]", "[1, 0.8]"),
        (" unit: step,", ""),
        (", where: Fig. 2", ""),
        ("1e-3", "'1e-3'"),
    )
    assert read(text) == [
        "3:3: grokking.titel: unknown field 'titel'; did you mean 'title'?",
        "8:3: grokking.complexity: duplicate key, first on line 7",
        "11:16: grokking.references[0]: no 'xyz' in references.bib",
        "12:31: grokking.added.date: 'soon' is not a date; write it as 2026-11-22",
        "13:13: grokking.detector: no file detectors/belayed_generalization.py; did you mean 'delayed_generalization'?",
        "19:29: grokking.cases.grokking.claims[0].rate: the interval is reversed; write [0.8, 1]",
        "20:11: grokking.cases.grokking.claims[1]: a median needs a unit",
        "20:11: grokking.cases.grokking.claims[1]: source paper needs `where`:"
        " the table, figure, equation or derivation",
        "23:29: grokking.cases.no_weight_decay.knobs.weight_decay: text where a number is due: write 1e-3, not '1e-3'",
    ]


def test_mistakes_are_data_too(read, tmp_path):
    read(changed(("network: 1", "network: 9")))
    with pytest.raises(CatalogError) as caught:
        read_catalog(tmp_path / "catalog.yaml")
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.place, mistake.path) == (
        "catalog.yaml",
        (7, 25),
        ("grokking", "complexity", "network"),
    )


# Against a setup.


class Knobs(NamedTuple):
    lr: float = 0.1
    weight_decay: float = 3.0
    fraction: float = 0.4


class Static(NamedTuple):
    network: Literal["mlp", "linear"] = "mlp"
    width: int = 64
    steps: int = 10
    log_every: int = 1


def nothing(*args):
    raise AssertionError("checking a catalog runs nothing")


SETUP = Phenomenon(
    Knobs(), Static(), data=nothing, init=nothing, observe=nothing, detect=nothing, step=nothing, units={}, figure=()
)

MISFITS = {
    "weight_decay: 1e-3 -> weight_deacy: 1e-3": (
        "22:15: grokking.cases.no_weight_decay.knobs.weight_deacy: the setup has no knob 'weight_deacy';"
        " did you mean 'weight_decay'?"
    ),
    "1e-3} -> 1e-3, width: 32}": (
        "22:35: grokking.cases.no_weight_decay.knobs.width: "
        "the setup has no knob 'width'; 'width' belongs under `static`"
    ),
    "width: -> with:": (
        "16:30: grokking.cases.grokking.static.with: the setup has no static value 'with'; did you mean 'width'?"
    ),
    "width: 64 -> lr: 1": (
        "16:30: grokking.cases.grokking.static.lr: the setup has no static value 'lr'; 'lr' is a knob"
    ),
    "width: 64 -> width: wide": "16:37: grokking.cases.grokking.static.width: want an integer, not 'wide'",
    "network: mlp -> network: 2": "16:25: grokking.cases.grokking.static.network: want mlp or linear, not 2",
    "over: weight_decay -> over: weight_deacy": (
        "31:13: grokking.laws.delay.over: weight_deacy: no such knob; did you mean 'weight_decay'? There are "
        "lr, weight_decay, fraction, network, width, steps, log_every"
    ),
    "fraction=0.1:0.9:5 -> width=1:2:5": (
        "38:13: grokking.boundaries.enough.over: width=1.25: width is static and wants integers; "
        "name them, width=64,128"
    ),
    "width: 128, steps: 20 -> width: 64, steps: 20": (
        "47:11: grokking.paths.deeper.rungs[1]: rung 'wide' changes nothing: width is so already"
    ),
    "width: 128, steps: 20 -> with: 128, steps: 20": (
        "49:20: grokking.paths.deeper.rungs[1].static.with: the setup has no static value 'with'; did you mean 'width'?"
    ),
    "network: mlp -> network: mpl": (
        "16:25: grokking.cases.grokking.static.network: want mlp or linear, not 'mpl'; did you mean 'mlp'?"
    ),
    "width: 64 -> width: 0": "16:37: grokking.cases.grokking.static.width: want >= 1, not 0",
    "width: 64 -> log_every: 20": "16:41: grokking.cases.grokking.static.log_every: want 1 to steps (10), not 20",
    "width: 128, steps: 20 -> width: 128, steps: 0": (
        "49:39: grokking.paths.deeper.rungs[1].static.steps: want >= 1, not 0"
    ),
    "fraction=0.1:0.9:5 -> width=0,1,2": "38:13: grokking.boundaries.enough.over: width=0: want >= 1, not 0",
    "removes: weight decay, knobs: {weight_decay: 0.0} -> removes: weight decay, knobs: {weight_deacy: 0.0}": (
        "54:46: grokking.paths.deeper.cause.knobs.weight_deacy: the setup has no knob 'weight_deacy';"
        " did you mean 'weight_decay'?"
    ),
    "over: fraction=0.4,0.3,0.2 -> over: fractoin=0.4,0.3,0.2": (
        "58:13: grokking.interactions.noisier.over: fractoin: no such knob; did you mean 'fraction'? There are "
        "lr, weight_decay, fraction, network, width, steps, log_every"
    ),
    "1 / fraction -> 1 / fractoin": (
        "61:37: grokking.interactions.noisier.rule.formula: the setup has no number 'fractoin';"
        " did you mean 'fraction'?"
    ),
    "without_a: {knobs: {weight_decay: 0.0}} -> without_a: {knobs: {weight_decay: 3.0}}": (
        "59:7: grokking.interactions.noisier.without_a: it changes nothing: A is gone already"
    ),
    "without_a: {knobs: {weight_decay: 0.0}} -> without_a: {static: {width: 0}}": (
        "59:35: grokking.interactions.noisier.without_a.static.width: want >= 1, not 0"
    ),
    "1e-3 -> 3": ("20:5: grokking.cases.no_weight_decay: a control that removes nothing: it runs as 'grokking' does"),
}


def test_a_law_a_boundary_and_a_path_of_one_name_would_have_one_figure(read):
    same = "{0} is called {1!r} too, and their figures would have one file; rename one"
    assert read(changed(("    enough:", "    delay:"), ("    deeper:", "    delay:"))) == [
        "37:5: grokking.boundaries.delay: " + same.format("a law", "delay"),
        "43:5: grokking.paths.delay: " + same.format("a law", "delay"),
    ]


def misfits(read, tmp_path, text):
    assert read(text) == []
    with pytest.raises(CatalogError) as caught:
        check_against(read_catalog(tmp_path / "catalog.yaml")["grokking"], SETUP)
    return [line.removeprefix("catalog.yaml:") for line in str(caught.value).splitlines()]


def test_overrides_that_fit(read, tmp_path):
    assert read(GOOD) == []
    check_against(read_catalog(tmp_path / "catalog.yaml")["grokking"], SETUP)


@pytest.mark.parametrize("edit, says", MISFITS.items(), ids=MISFITS)
def test_overrides_that_do_not_fit(read, tmp_path, edit, says):
    assert misfits(read, tmp_path, changed(tuple(edit.split(" -> ")))) == [says]


def test_a_cause_that_is_absent_already_is_told_of_every_rung(read, tmp_path):
    text = changed(("removes: weight decay, knobs: {weight_decay: 0.0}", "removes: points, knobs: {fraction: 0.4}"))
    assert misfits(read, tmp_path, text) == [
        f"{line}:11: grokking.paths.deeper.rungs[{i}]: the cause is absent from rung {rung!r} already; "
        "nothing is removed"
        for line, i, rung in ((46, 0, "toy"), (47, 1, "wide"))
    ]


def test_all_misfits_are_told_at_once(read, tmp_path):
    text = changed(("{weight_decay:", "{decay:"), ("network: mlp, width: 64", "net: mlp, width: wide"))
    assert [line.split(":")[0] for line in misfits(read, tmp_path, text)] == ["16", "16", "22"]
