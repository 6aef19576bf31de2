"""A console of rich on which other people's texts are shown, not obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from bestiary.cli.output.shown import shown


class Console(rich.console.Console):
    """A console of rich that prints texts as they are shown, in tables and bars too."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Make a text of a string, as wide as it is shown."""
        return super().render_str(shown(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything; what was no string, such as a bar's column, is shown as it leaves."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))
