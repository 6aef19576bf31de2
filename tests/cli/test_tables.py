"""Tables at every width: names are whole, no line is longer than the page, --wide has a line for each row."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from bestiary.catalog.read import read_catalog
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.words import called
from bestiary.cli import main as cli
from bestiary.cli.output import page as pages
from bestiary.cli.output.entry_tables import interval
from bestiary.cli.output.page import Column, Console, Heading, Page
from bestiary.cli.output.tables import JUDGED, short

CATALOG = read_catalog()
WIDTHS = (60, 80, 100, 150)
MEASURED = Path(__file__).resolve().parents[2] / "benchmarks" / "measured"
LOGS = Path(__file__).resolve().parents[1] / "data" / "logs"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def bestiary(capsys, monkeypatch, cache):
    """(width, words) -> standard output, in this process."""
    monkeypatch.setenv("BESTIARY_CACHE_DIR", str(cache))
    monkeypatch.setattr("bestiary.train.jax_setup.prepare", lambda folder: None)  # the tests have set JAX up

    def run(width, *words):
        monkeypatch.setenv("COLUMNS", str(width))
        with pytest.raises(SystemExit) as end:
            cli.main([str(word) for word in words])
        assert end.value.code in (0, 1), capsys.readouterr().err
        return capsys.readouterr().out

    return run


def whole(text: str, names) -> list[str]:
    """The names that do not occur as words of their own."""
    return [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]


def fits(text: str, width: int) -> bool:
    return max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_list(bestiary, width):
    text = bestiary(width, "list")
    assert whole(text, CATALOG) == [] and fits(text, width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("key", CATALOG)
def test_show(bestiary, width, key):
    entry, text = CATALOG[key], bestiary(width, "show", key)
    names = [key, entry.detector, *entry.references, *entry.cases, *entry.laws, *entry.boundaries, *entry.paths]
    names += [knob.name for knob in knobs_of(key)] + [rung.name for path in entry.paths.values() for rung in path.rungs]
    names += [called(claim.of) for case in entry.cases.values() for claim in case.claims if isinstance(claim.of, str)]
    assert whole(text, names) == [] and fits(text, width)
    for case in entry.cases.values():
        for claim in case.claims:
            assert interval(claim).split()[-1] in text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "words",
    [
        ("check", "catapult", "--seeds", 4),
        ("check", "catapult", "--seeds", 4, "--laws"),
        ("run", "catapult", "--seeds", 4),
        ("map", "catapult", "--over", "lr=1.5:4.5:5", "--seeds", 4, "--boundary-of", "divergence", "--of", "peak"),
        ("map", "catapult", "--over", "lr=1.5:4.5:30", "--over", "steps=10,20", "--seeds", 1),
        ("detect", LOGS / "lightning_metrics.csv", LOGS / "trainer_state.json"),
    ],
    ids=lambda words: " ".join(str(w) for w in words if not isinstance(w, Path)),
)
def test_what_is_trained_or_read(bestiary, width, words):
    text = bestiary(width, *words)
    if words[0] == "check":
        entry = CATALOG["catapult"]
        names = [*entry.cases, *(called(claim.of) for case in entry.cases.values() for claim in case.claims)]
        assert whole(text, [*names, *(entry.boundaries if "--laws" in words else ())]) == []
    if width >= 80 or words[0] != "detect":  # a path may be longer than a line
        assert fits(text, width)


@pytest.mark.parametrize("key", CATALOG)
def test_a_claim_is_one_line_at_100_columns(key):
    record, entry, rows = json.loads((MEASURED / f"{key}.json").read_text()), CATALOG[key], []
    for case in entry.cases.values():
        for measured in record["cases"][case.name].values():
            for claim, was in zip(case.claims, measured["claims"], strict=True):
                lo, hi = claim.interval
                words = f"{100 * lo:.4g} % to {100 * hi:.4g} %" if claim.statistic == "rate" else f"{lo:g} to {hi:g}"
                claimed = words if claim.unit in (None, "1") else f"{words} {claim.unit}"
                rows.append(("inconclusive", called(claim.of), short(was["measured"]), claimed, claim.source))
    with Console(width=100) as out:
        with out.capture() as printed:
            Page(out=out).table(JUDGED, rows)
    lines = [line for line in printed.get().splitlines() if line and not line.startswith("left out")]
    assert len(lines) == len(rows) + 2 and all(line.startswith("inconclusive") for line in lines[2:])


def test_wide_has_a_line_for_each_row_and_every_column(bestiary):
    lines = bestiary(60, "list", "--wide").splitlines()
    rows = [line for line in lines[2:] if line]
    assert [line.split()[0] for line in rows] == list(CATALOG)
    assert all(line.endswith(entry.title) for line, entry in zip(rows, CATALOG.values(), strict=True))
    assert lines[0].split() == ["entry", "zone", "kind", "particle", "status", "CPU", "title"]


def test_what_is_left_out_is_said(bestiary):
    assert "left out: CPU, particle, status; --wide shows them" in bestiary(80, "list")
    assert "left out" not in bestiary(250, "list")


def printed(width, columns, rows):
    with Console(width=width) as out, out.capture() as text:
        Page(out=out).table(columns, rows)
    return [line.rstrip() for line in text.get().splitlines()]


def test_a_table_without_a_cell_is_its_headings():
    """The effects of runs that all diverged are such a table."""
    assert printed(40, [Column("effect"), Column("runs")], []) == []
    assert printed(40, [Column("effect")], [Heading("no run has an effect")]) == ["no run has an effect"]


def test_prose_is_wrapped_before_a_column_is_dropped_and_cells_are_stacked_last():
    columns = (Column("name", bare=True), Column("why", prose=16), Column("size", drop=1))
    rows = [Heading("all"), ("a_long_identifier", "it goes on and on and on", "12")]
    assert printed(60, columns, rows)[2:] == ["all", "a_long_identifier  it goes on and on and on  12", ""]
    assert printed(42, columns, rows)[3:] == [
        "a_long_identifier  it goes on and on  12",
        "                   and on",
        "",
    ]
    assert printed(40, columns, rows)[3:] == [
        "a_long_identifier  it goes on and on and",
        "                   on",
        "left out: size; --wide shows them",
        "",
    ]
    stacked = ["all", "a_long_identifier", "  why it goes on", "    and on and on", "  size 12", ""]
    assert printed(20, columns, rows) == stacked


def test_a_text_in_brackets_is_no_markup_and_wide_letters_are_counted():
    columns = (Column("name", bare=True), Column("why", prose=16, bare=True))
    assert printed(30, columns, [("[bold]x[/]", "損失 [1]")])[2] == "[bold]x[/]  損失 [1]"
    wrapped = ["損失損失  aa bb cc dd ee", "          ff"]
    assert printed(26, columns, [("損失損失", "aa bb cc dd ee ff")])[2:4] == wrapped


@pytest.mark.parametrize("asked, want", [("72", 72), ("0", None), ("x", None), ("-3", None), ("", None)])
def test_columns_decides_and_else_the_terminal(monkeypatch, asked, want):
    monkeypatch.setenv("COLUMNS", asked)
    assert pages.width() == (want or pages.PIPED)  # the tests have no terminal


@pytest.mark.skipif(sys.platform == "win32", reason="pty is of Unix")
def test_a_pipe_is_as_wide_as_the_terminal_it_is_read_on():
    import fcntl
    import pty
    import struct
    import termios

    _, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 63, 0, 0))
    code = "from bestiary.cli.output.page import width; print(width())"
    ran = subprocess.run(
        ["env", "-u", "COLUMNS", sys.executable, "-c", code], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE
    )
    assert ran.stdout.split() == [b"63"]
