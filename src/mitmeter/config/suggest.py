"""Did-you-mean: the known word nearest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN_AT_MOST = 12


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None when none is near."""
    # difflib is only worth its import when somebody mistyped.
    from difflib import get_close_matches

    by_folded = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def hint(word: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?`, or what there is instead when nothing is near."""
    choices = list(known)
    near = nearest(word, choices)
    if near is not None:
        return f"did you mean {near!r}?"
    if not choices:
        return "there is none"
    shown = ", ".join(choices[:_SHOWN_AT_MOST])
    return f"there is {shown}, …" if len(choices) > _SHOWN_AT_MOST else f"there is {shown}"


def one_of(word: str, known: Iterable[str]) -> str:
    """Return the sentence for a word that is not among the known ones."""
    return f"{word!r} is not known; {hint(word, known)}"
