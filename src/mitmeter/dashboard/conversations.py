"""Conversations in the store: one by its name, and pages of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mitmeter.store import RecordedConversation, Store

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 16
_RANDOM_BITS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 2**43
_BESIDE = 200


def conversation_named(store: Store, name: str) -> RecordedConversation | None:
    """Return the conversation of that id, None when there is none.

    An id begins with the millisecond at which the conversation opened, so only those of that moment
    are looked at; where an id was made by somebody else, all of them.
    """
    opened = opened_at(name)
    if opened is not None:
        until = opened + timedelta(milliseconds=2)
        found = _among(store.conversations(since=opened, until=until, limit=_BESIDE), name)
        if found is not None:
            return found
    return _among(store.conversations(limit=None), name)


def opened_at(name: str) -> datetime | None:
    """Return when an id of ours says its conversation opened, None for another kind of id."""
    if len(name) != _ID_LENGTH or any(letter not in _CROCKFORD for letter in name):
        return None
    number = 0
    for letter in name:
        number = number << 5 | _CROCKFORD.index(letter)
    ms = number >> _RANDOM_BITS
    return _EPOCH + timedelta(milliseconds=ms) if ms < _LATEST_MS else None


def _among(found: list[RecordedConversation], name: str) -> RecordedConversation | None:
    return next((each for each in found if each.conversation.id == name), None)
