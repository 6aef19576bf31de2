"""Docs become pages: links hold, HTML is shown, notebooks have what they printed."""

import base64
import json
from pathlib import Path

import pytest

from bestiary import files
from bestiary.cli import listings
from bestiary.site import docstrings, pictures
from bestiary.site.code import coloured, style_sheet
from bestiary.site.notebook import notebook
from bestiary.site.prose import prose
from bestiary.site.works import works

ROOT = Path(__file__).resolve().parents[2]
PNG = (ROOT / "docs" / "figures" / "grokking.png").read_bytes()


def html(text, link=lambda href: f"there/{href}"):
    return str(prose(text, link, lambda source: (f"pictures/{source}", ' width="1" height="1"')).html)


def test_links_lead_where_the_site_has_them():
    assert '<a href="there/a.md#b">a</a>' in html("[a](a.md#b)")
    assert '<a href="https://x.org">a</a>' in html("[a](https://x.org)")
    assert '<a href="#b">a</a>' in html("[a](#b)")
    assert html("[a *b*](gone.md) c", lambda href: None).strip() == "<p>a <em>b</em> c</p>"


def test_html_is_shown_but_for_what_generated_pages_need():
    assert "&lt;script&gt;" in html("<script>alert(1)</script>")
    assert "&lt;img" in html("a <img src=x onerror=y> b")
    assert '<a id="b"></a>' in html('x <a id="b"></a> y')
    assert "hidden" not in html("<!-- hidden -->\n\na")
    assert "href" not in html("[a](javascript:alert)")


def test_headings_have_the_anchors_that_links_use():
    told = prose(
        "# A title\n\n## What is `kept`, and where?\n\n## What is `kept`, and where?\n", lambda h: h, lambda s: (s, "")
    )
    assert told.title == "A title"
    assert [h.anchor for h in told.headings] == ["what-is-kept-and-where", "what-is-kept-and-where-1"]
    assert 'id="what-is-kept-and-where"' in told.html


def test_pictures_and_tables():
    assert '<img src="pictures/a.png" alt="words &lt;" loading="lazy" width="1" height="1">' in html(
        "![words <](a.png)"
    )
    assert "<table>" in html("| a |\n|---|\n| b |\n")


def test_code_is_coloured_in_both_themes():
    assert 'class="k"' in coloured("def f(): pass")
    assert "&lt;b&gt;" in coloured("<b>", "no such language")
    sheet = style_sheet()
    assert '[data-theme="dark"] .code .k' in sheet and "prefers-color-scheme: dark" in sheet


def test_a_notebook_has_what_it_printed_and_drew():
    kept = []
    cells = [
        {"cell_type": "markdown", "source": ["# First\n", "<b>words</b>"]},
        {
            "cell_type": "code",
            "source": ["x = 1"],
            "outputs": [
                {"output_type": "stream", "text": ["\x1b[1mprinted <i>\x1b[0m"]},
                {
                    "output_type": "display_data",
                    "data": {"image/png": base64.b64encode(PNG).decode(), "text/plain": "y"},
                },
            ],
        },
    ]
    told = notebook(json.dumps({"cells": cells}), lambda h: h, lambda content: kept.append(content) or "p.png")
    assert told.title == "First" and "&lt;b&gt;" in told.html and "printed &lt;i&gt;" in told.html
    wide, high = pictures.size(PNG)
    assert kept == [PNG] and f'width="{round(wide / 2)}" height="{round(high / 2)}"' in told.html


def test_a_picture_that_is_none():
    with pytest.raises(ValueError, match="not a PNG"):
        pictures.size(b"GIF89a")


def test_docstrings_are_read_and_not_imported(tmp_path):
    file = tmp_path / "m.py"
    file.write_text(
        '"""Top."""\nraise SystemExit\nclass A(B):\n    """An A."""\n    def __init__(self, x: int = 1): pass\n'
        '    @classmethod\n    def of(cls, y) -> "A":\n        """Make one."""\n'
        '    @property\n    def size(self) -> int:\n        """Its size."""\n'
        '    def _own(self):\n        """Hidden."""\n'
    )
    told = docstrings.told(file, "A")
    assert told is not None and (told.signature, told.text) == ("A(x: int=1)", "An A.")
    assert [member.signature for member in told.members] == ["A.of(y) -> 'A'", "A.size: int"]
    assert docstrings.told(file, "B") is None and docstrings.module_text(file) == "Top."


def test_every_name_of_the_front_door_is_in_the_reference():
    import bestiary

    homes = listings.doors(files.PACKAGE / "__init__.py")
    assert set(homes) == set(bestiary.__all__) - {"__version__"}


def test_a_work_is_told_as_one_reads_it():
    one, other = works(["chizat2018lazy", "jacot2021saddle"])
    assert (one.authors, one.year) == ("Chizat, Oyallon & Bach", "2018")
    assert one.address.startswith("https://arxiv.org/abs/") and one.bibtex.startswith("@misc{chizat2018lazy,")
    assert other.authors == "Jacot et al." and "\\" not in other.title


def test_what_the_change_log_says_of_editions():
    text = "# Changes\n\n## [Unreleased]\n\n### Added\n\n- `a` is\n  new.\n- b\n\n## [2026.0]\n\n- `a` came.\n\nprose\n"
    assert listings.editions(text) == [("Unreleased", "`a` is new."), ("Unreleased", "b"), ("2026.0", "`a` came.")]
