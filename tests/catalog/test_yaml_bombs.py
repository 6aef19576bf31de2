"""Small files that unfold, and large ones, are refused in one line with its place, in seconds."""

import os
import resource
import string
import time

import pytest

from bestiary.catalog.mistakes import LISTED, CatalogError, Mistake
from bestiary.catalog.read import read_catalog

SECONDS, MEGABYTES = 10.0, 200


def laughs(levels):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for last, name in zip(string.ascii_lowercase, string.ascii_lowercase[1:levels], strict=False):
        lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]")
    return "\n".join(lines) + "\n"


LARGE = "more than 50,000 values, those of aliases too"
DEEP = "nested too deeply, more than 40 levels"
BOMBS = {
    "six levels of aliases": (laughs(6), LARGE),
    "ten levels of aliases": (laughs(10), LARGE),
    "merged": ("a: &a {x: 1}\nb:\n  <<: [" + ", ".join(["*a"] * 60_000) + "]\n", LARGE),
    "a list of itself": ("a: &a [1, *a]\n", DEEP),
    "a mapping of itself": ("a: &a\n  b: *a\n", DEEP),
    "brackets": ("a: " + "[" * 100_000 + "]" * 100_000, DEEP),
    "steps": ("".join(" " * i + "a:\n" for i in range(2000)), DEEP),
    "in a key": ("? " + "{a: " * 500 + "1" + "}" * 500 + "\n: 1\n", DEEP),
    "many values": ("a: [" + "1," * 60_000 + "]", LARGE),
    "many entries": ("".join(f"k{i}: {{title: a, zone: {i}}}\n" for i in range(20_000)), LARGE),
    "a comment": ("# " + "x" * 50_000_000, "is larger than 4 MiB"),
}


def refused(path):
    with pytest.raises(CatalogError) as caught:
        read_catalog(path)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("text, says", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_in_one_line(text, says, tmp_path):
    (tmp_path / "catalog.yaml").write_text(text)
    since, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = refused(tmp_path / "catalog.yaml")
    assert says in line and line.startswith("catalog.yaml:") and len(line) <= 300
    assert "larger" in line or line.split(":")[1].isdigit()
    assert time.process_time() - since < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024


@pytest.mark.parametrize(
    "value, says",
    [
        ("!!bool maybe", "'maybe' is not true or false"),
        ("!!bool ''", "'' is not true or false"),
        ("!!int abc", "'abc' is not an integer"),
        ("!!int ''", "'' is not an integer"),
        ("!!int '_'", "'_' is not an integer"),
        ("!!int 1:99:x", "'1:99:x' is not an integer"),
        ("!!float ''", "'' is not a number"),
        ("!!float .", "'.' is not a number"),
        ("9" * 5000, "'999999999999999999999 ... 99999999999999' is not an integer"),
        ("0x" + "f" * 5000, "'0xfffffffffffffffffff ... ffffffffffffff' is not an integer that fits"),
        ("!!python/object/apply:os.system [touch x]", "Input should be"),
        ("!!seq x", "unknown tag tag:yaml.org,2002:seq; write plain YAML"),
    ],
)
def test_a_value_that_its_tag_does_not_allow_is_named_where_it_is(value, says, tmp_path):
    (tmp_path / "catalog.yaml").write_text(f"grokking:\n  version: {value}\n")
    lines = refused(tmp_path / "catalog.yaml")
    own = [line for line in lines if line.startswith("catalog.yaml:2:12: grokking.version: ")]
    assert len(own) == 1 and (says in own[0] or says == "Input should be"), lines
    assert all(len(line) <= 300 for line in lines)


def test_a_key_may_be_no_mapping_with_the_tag_of_text(tmp_path):
    (tmp_path / "catalog.yaml").write_text("!!str {a: 1}: 2\n")
    assert refused(tmp_path / "catalog.yaml")[0] == "catalog.yaml:1:1: a key must be plain text"


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "catalog.yaml")
    assert refused(tmp_path / "catalog.yaml") == ["catalog.yaml: is a named pipe, no file; want a file of YAML"]


def test_of_very_many_mistakes_the_first_are_told():
    lines = str(CatalogError(Mistake("x.yaml", (i, 1), (), "wrong") for i in range(1, 5 * LISTED))).splitlines()
    assert len(lines) == LISTED + 1 and lines[0].startswith("x.yaml:1:1:") and lines[-1] == "x.yaml: 399 more mistakes"
