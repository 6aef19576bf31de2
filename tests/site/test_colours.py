"""Words can be read in both themes: the contrast of the style sheet's colours, by WCAG 2.2, is 4.5 at least."""

import re
from pathlib import Path

import pytest

import bestiary.site

SHEET = (Path(bestiary.site.__file__).parent / "assets" / "site.css").read_text("utf-8")


def colours(selector):
    block = SHEET[SHEET.index(selector) :]
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block[: block.index("}")]))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("selector", [":root {", ':root[data-theme="dark"] {'])
def test_words_and_curves_stand_out(selector):
    of = colours(selector)
    for ground in ("paper", "card", "mark"):
        for words in ("ink", "soft", "accent", "good", "bad", "unsure"):
            assert contrast(of[words], of[ground]) >= 4.5, (words, ground)
    for curve in ("blue", "vermillion", "green", "purple", "orange", "sky", "red", "teal", "brown", "slate"):
        assert contrast(of[curve], of["paper"]) >= 3, curve  # graphics


def test_the_dark_theme_is_one():
    """By the system or by choice, the same colours."""
    assert colours(':root[data-theme="dark"] {') == colours(':root:not([data-theme="light"]) {')
