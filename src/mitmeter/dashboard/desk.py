"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from mitmeter.dashboard.attempts import Attempts
from mitmeter.dashboard.backend import Backend
from mitmeter.dashboard.settings import Settings
from mitmeter.dashboard.stores import Stores
from mitmeter.dashboard.tokens import Scope, Sessions, Tokens

if TYPE_CHECKING:
    from mitmeter.dashboard.feed import Feed
    from mitmeter.dashboard.static_files import StaticFiles


@dataclass(frozen=True, slots=True)
class Desk:
    """One served window. started: makes tags of another run no tags of this one."""

    backend: Backend
    settings: Settings
    stores: Stores
    tokens: Tokens
    sessions: Sessions
    attempts: Attempts
    feed: Feed
    files: StaticFiles
    started: int


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def may(request: Request) -> Scope | None:
    """Return what this caller may do, None for somebody we do not know."""
    found: Scope | None = request.state.may
    return found
