"""Keep what is said of a bad file to one line that a person reads."""

LONGEST = 300  # [character] of a line about a mistake


def shortened(text: str, most: int = LONGEST) -> str:
    """Return text of at most `most` characters; of longer text the middle is left out.

    Where a mistake is stands at the start of its line, what to do at the end.

    Examples:
        >>> shortened("log.csv: " + "x" * 400 + "; want a number", 40)
        'log.csv: xxxxxxxxxxxx ... want a number'
    """
    tail = (most - 5) * 2 // 5
    return text if len(text) <= most else f"{text[: most - 5 - tail]} ... {text[len(text) - tail :].lstrip()}"
