"""Markdown of the repository as HTML, with links that hold in the site. HTML in it is shown, not obeyed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from bestiary.site.code import coloured

KEPT = re.compile(r'<br>|<a id="[\w-]+">|</a>')  # what the generated pages need of HTML
HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)


class Heading(NamedTuple):
    """A heading of a page."""

    level: int
    text: str
    anchor: str


class Prose(NamedTuple):
    """A page of prose.

    Attributes:
        title: its first heading.
        headings: those below it.
        html: the whole.
    """

    title: str
    headings: Sequence[Heading]
    html: Markup


def prose(text: str, link: Callable[[str], str | None], picture: Callable[[str], tuple[str, str]]) -> Prose:
    """Read Markdown with tables, and write it as HTML.

    Args:
        text: the Markdown.
        link: gives the target of a relative link, or None for one that leads nowhere in the site.
        picture: gives the target of an image and its further attributes, as text.
    """
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens, taken, headings = reader.parse(text), dict[str, int](), list[Heading]()
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _plain(tokens[i + 1].children or [])
            anchor = _unique(slug(words), taken)
            token.attrSet("id", anchor)
            headings.append(Heading(int(token.tag[1]), words, anchor))
        if token.type == "th_open" and not tokens[i + 1].content:
            token.tag = tokens[i + 2].tag = "td"  # a heading of nothing is none
        for child in token.children or []:
            _lead(child, link)
    _unlink(tokens)
    for name, rule in _rules(picture).items():
        reader.add_render_rule(name, rule)
    html = Markup(reader.renderer.render(tokens, reader.options, {}))
    title = next((h.text for h in headings if h.level == 1), "")
    return Prose(title, [h for h in headings if h.level == 2], html)


def slug(words: str) -> str:
    """Return the anchor of a heading, as links to it in the repository have it.

    Examples:
        >>> slug("What is kept, and where?")
        'what-is-kept-and-where'
    """
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")


def _unique(anchor: str, taken: dict[str, int]) -> str:
    taken[anchor] = taken.get(anchor, -1) + 1
    return anchor if not taken[anchor] else f"{anchor}-{taken[anchor]}"


def _plain(children: Sequence[Token]) -> str:
    return "".join(child.content for child in children if child.type in ("text", "code_inline"))


def _lead(token: Token, link: Callable[[str], str | None]) -> None:
    """Point a link to where its target lies in the site; one without a target there loses it."""
    if token.type != "link_open":
        return
    href = str(token.attrGet("href") or "")
    if href.startswith("#") or urlsplit(href).scheme:
        return
    target = link(href)
    if target is None:
        token.attrs.pop("href")
    else:
        token.attrSet("href", target)


def _unlink(tokens: Sequence[Token]) -> None:
    """Take links that lead nowhere out of the text; their words stay."""
    for token in tokens:
        kept, open_links = [], []
        for child in token.children or []:
            if child.type == "link_open":
                open_links.append("href" in child.attrs)
            if (child.type == "link_open" and not open_links[-1]) or (
                child.type == "link_close" and not open_links.pop()
            ):
                continue
            kept.append(child)
        if token.children is not None:
            token.children = kept


def _rules(picture: Callable[[str], tuple[str, str]]) -> dict[str, Callable[..., str]]:
    """How code, pictures, tables and HTML are written."""

    def code(writer: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        language = tokens[i].info.split()[0] if tokens[i].info.strip() else "text"
        return str(coloured(tokens[i].content, language))

    def image(writer: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        where, further = picture(str(tokens[i].attrGet("src")))
        alt = escape(_plain(tokens[i].children or []))
        return f'<img src="{escape(where)}" alt="{alt}" loading="lazy"{further}>'

    def html(writer: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        text = HIDDEN.sub("", tokens[i].content)
        return text if KEPT.fullmatch(text.strip()) else str(escape(text))

    def table(writer: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return '<div class="wide" tabindex="0"><table>\n'

    def table_end(writer: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    return {
        "fence": code,
        "code_block": code,
        "image": image,
        "html_inline": html,
        "html_block": html,
        "table_open": table,
        "table_close": table_end,
    }
