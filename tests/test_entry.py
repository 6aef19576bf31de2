"""How a setup shows itself, and what it says of a static part that no schedule can read."""

from html.parser import HTMLParser
from typing import Any, NamedTuple

import pytest
import tiny

from bestiary.entry import Phenomenon, check_static

BOWL = {
    "knobs": tiny.BowlKnobs(),
    "static": tiny.Steps(),
    "data": tiny.no_data,
    "init": tiny.bowl_init,
    "loss": tiny.bowl_loss,
    "optimizer": tiny.descent,
    "observe": tiny.bowl_observe,
    "detect": tiny.detect,
    "units": {"w": "m"},
    "figure": ("w", "rate"),
}


def bowl(**change: Any) -> Phenomenon:
    return Phenomenon(**BOWL | change)


class Cells(HTMLParser):
    """The rows of a table, each a tuple of texts."""

    def __init__(self, html: str):
        super().__init__()
        self.rows, self.caption, self.open = [], "", []
        self.feed(html)
        assert not self.open  # every tag is closed

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append(())

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] == "caption":
            self.caption += data
        else:
            self.rows[-1] += (data,)


def test_a_setup_shows_its_module_its_values_and_its_channels():
    assert repr(bowl()).splitlines() == [
        "Phenomenon of tiny",
        "  knobs: lr=0.1, curvature=3.0",
        "  static: steps=40, log_every=4",
        "  channels: w [m], rate [1]",
    ]


def test_words_are_quoted():
    class Words(NamedTuple):
        network: str = "pair"
        steps: int = 4
        log_every: int = 2

    assert "  static: network='pair', steps=4, log_every=2" in repr(bowl(static=Words())).splitlines()


def test_the_table_holds_the_same():
    table = Cells(bowl()._repr_html_())
    assert table.caption == "Phenomenon of tiny"
    assert table.rows[1:] == [
        ("knob", "lr", "0.1"),
        ("knob", "curvature", "3.0"),
        ("static", "steps", "40"),
        ("static", "log_every", "4"),
        ("channel", "w", "[m]"),
        ("channel", "rate", "[1]"),
    ]


def test_the_table_escapes_what_is_no_markup():
    assert Cells(bowl(units={"w": "1 / <w>"})._repr_html_()).rows[-2] == ("channel", "w", "[1 / <w>]")


class NoInterval(NamedTuple):
    steps: int = 4


class Neither(NamedTuple):
    width: int = 4


@pytest.mark.parametrize(
    ("static", "kind", "words"),
    [
        (NoInterval(), ValueError, "NoInterval lacks log_every; want a NamedTuple with steps and log_every"),
        (Neither(), ValueError, "Neither lacks steps and log_every; want a NamedTuple with steps and log_every"),
        ({"steps": 4, "log_every": 1}, TypeError, "static is a dict; want a NamedTuple with steps and log_every"),
        ((4, 1), TypeError, "static is a tuple; want a NamedTuple with steps and log_every"),
    ],
)
def test_a_static_part_that_no_schedule_can_read(static, kind, words):
    for check in (check_static, lambda s: bowl(static=s)):
        with pytest.raises(kind) as caught:
            check(static)
        assert str(caught.value) == words
