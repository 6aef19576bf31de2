"""Names that are one slip of the keyboard away from a channel's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from string import ascii_lowercase

from bestiary.logs import channels as naming
from bestiary.logs.names import words
from bestiary.watch.detect import own_channels

SHORT = 4  # [letter] words as short as `loss` have neighbours that are words: `boss`, `closs`, `best` for `test`


def meant(name: str) -> str | None:
    """Return the channel's name that a name is probably a misspelling of; None if it is none.

    One word of the name has to be a known word with two neighbouring letters exchanged, a letter missing or doubled,
    or, if the known word has five letters or more, any one letter wrong or too many. Digits are never a slip.

    Examples:
        >>> meant("trian_loss"), meant("validation/acuracy"), meant("best_loss"), meant("vae_loss")
        ('train_loss', 'validation_accuracy', None, None)
    """
    said = words(name)
    for i, word in enumerate(said):
        if known := _slips().get(word):
            right = "_".join([*said[:i], known, *said[i + 1 :]])
            if naming.channel(right, own_channels()) is not None:
                return right
    return None


@cache
def _slips() -> dict[str, str]:
    """Return {misspelt word: word} of every word that a channel's name may have."""
    phrases = [*naming.ROLES.values(), *naming.PHRASES.values(), *naming.ALONE.values(), own_channels()]
    known = sorted({word for phrase in phrases for name in phrase for word in words(name) if word.isalpha()})
    slips = {slip: word for word in known if len(word) >= SHORT for slip in _slipped(word)}
    return {slip: word for slip, word in slips.items() if slip not in known}


def _slipped(word: str) -> Iterator[str]:
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]
        yield word[: i + 1] + word[i:]
        yield word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :]
        if len(word) > SHORT:
            for letter in ascii_lowercase:
                yield word[:i] + letter + word[i + 1 :]
                yield word[:i] + letter + word[i:]
