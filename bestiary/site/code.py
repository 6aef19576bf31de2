"""Source code in colours, as classes of a style sheet with a light and a dark half."""

from __future__ import annotations

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

LIGHT, DARK = "default", "github-dark"


def coloured(source: str, language: str = "python") -> Markup:
    """Write source code as HTML; a language that is not known is plain text."""
    try:
        lexer = PythonLexer() if language == "python" else get_lexer_by_name(language)
    except ClassNotFound:
        lexer = TextLexer()
    made = highlight(source, lexer, HtmlFormatter(cssclass="code"))
    return Markup(made.replace("<pre>", '<pre tabindex="0">', 1))  # a long line is scrolled to, by keys too


def style_sheet() -> str:
    """Write the rules for both themes; the dark ones hold where the page is dark, by the system or by its reader."""
    light, dark = (_rules(style) for style in (LIGHT, DARK))
    chosen = "\n".join(f':root[data-theme="dark"] {rule}' for rule in dark)
    system = "\n".join(f':root:not([data-theme="light"]) {rule}' for rule in dark)
    return "\n".join(light) + f"\n@media (prefers-color-scheme: dark) {{\n{system}\n}}\n{chosen}\n"


def _rules(style: str) -> list[str]:
    """The rules of tokens alone: what is around them is the site's."""
    lines = HtmlFormatter(style=style, cssclass="code").get_style_defs(".code").splitlines()
    return [line for line in lines if line.startswith(".code .") and "{" in line]
