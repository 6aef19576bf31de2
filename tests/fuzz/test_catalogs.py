"""Whatever is in a catalog: it is read, or every mistake has one line with its file, line and column.

A few files in `make test`; BESTIARY_FUZZ=2000 is how many a night takes.
"""

import os
import random
import re
import time
import warnings

import pytest

from bestiary.catalog.mistakes import CatalogError
from bestiary.catalog.parsed import catalog_path
from bestiary.catalog.read import read_catalog

FILES = int(os.environ.get("BESTIARY_FUZZ", "60"))
SECONDS = 10.0  # of one file
VALUES = [
    *(
        "null",
        "~",
        "[]",
        "{}",
        "[1, [2, [3]]]",
        "1e400",
        "-1e400",
        ".nan",
        ".inf",
        "'",
        '"',
        "|",
        "> \n",
        "*a",
        "&a [*a]",
    ),
    *(
        "9" * 400,
        "9" * 5000,
        "0x" + "f" * 300,
        "0x" + "f" * 5000,
        "<<: *x",
        "\ud7ff",
        "\u202e",
        "\U0001f600" * 50,
        "true",
    ),
    *("!!python/object/apply:os.system ['false']", "!!binary aGVsbG8=", "!!set {a, b}", "!!float abc", "!!int 1.5"),
    *(
        "!!timestamp 2020-99-99",
        "2020-01-01",
        "!<tag:yaml.org,2002:js/function> x",
        "\x00",
        "yes",
        "on",
        "0o17",
        "1_000",
    ),
    *(
        "12:30:45",
        "%TAG ! x",
        "--- ",
        "...",
        "? a\n: b",
        "@x",
        "`x",
        "-",
        "- -",
        "{a: {a: {a: 1}}}",
        "\t",
        "\x1b[31mred",
    ),
    *("\x85", "\u2028", "[.nan, .inf]", "[1e308, 1e309]", "a" * 5000, "''", '"\\x1b]52;c;aGk=\\x07"', "!!str 1"),
    *("!!bool maybe", "!!null x", "!!int 0x", "!!int ''", "!!float ''", "!!float .", "!!int '_'", "!!bool ''"),
    *(
        "!!int 1:99:x",
        "!!timestamp ''",
        "0b2",
        "0o9",
        "+",
        "1e",
        "1__0",
        "!!seq x",
        "!!map [1]",
        "!!str [a]",
        "!!str {a: 1}",
    ),
]
NUMBERS = ["1e999", "-1", "0", "nan", "9" * 60, "'1'", "1.5.2"]
SIGNS = "{}[],&*#?|-<>=!%@\\\"'`:\t é中\x07"
BLOCKS = re.split(r"(?m)^(?=[a-z_]+:\s*$)", catalog_path().read_text("utf-8"))
PLACED = re.compile(r"catalog\.yaml:\d+:\d+: ")


def mutated(rng):
    """Three entries of the catalog with a few lines changed."""
    lines = (BLOCKS[0] + "".join(sorted(rng.sample(BLOCKS[1:], 3)))).splitlines(keepends=True)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(10):
            case 0:
                lines[i], lines[j] = lines[j], lines[i]
            case 1 | 2 | 3 | 4:
                key, colon, _ = lines[i].partition(":")
                lines[i] = f"{key}: {rng.choice(VALUES)}\n" if colon else rng.choice(VALUES) + "\n"
            case 5:
                lines[i] = " " * rng.randrange(9) + lines[i].lstrip()
            case 6:
                at = rng.randrange(len(lines[i]))
                lines[i] = lines[i][:at] + rng.choice(SIGNS) + lines[i][at:]
            case 7:
                lines[i] = rng.choice([lines[i] * 50, "", "? " + lines[j], lines[i].replace(":", ": &a ", 1)])
            case 8:
                lines[i] = re.sub(r"\d+(\.\d+)?", lambda _: rng.choice(NUMBERS), lines[i])
            case _:
                lines[i] = re.sub(r"(?<=: ).*", lambda _: rng.choice(VALUES), lines[i])
    return "".join(lines)


@pytest.mark.parametrize("part", range(4))
def test_no_catalog_does_more_than_be_refused(part, tmp_path):
    path, refused = tmp_path / "catalog.yaml", 0
    for seed in range(part, FILES, 4):
        path.write_bytes(mutated(random.Random(seed)).encode("utf-8", "surrogatepass"))
        since = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                read_catalog(path)
            except CatalogError as error:
                refused += 1
                for line in str(error).split("\n"):
                    assert len(line) <= 300 and line.isprintable(), (seed, line)
                    assert PLACED.match(line) or re.fullmatch(r"catalog\.yaml: [\d,]+ more mistakes", line), (
                        seed,
                        line,
                    )
        assert time.process_time() - since < SECONDS, seed
    assert refused > 0
