"""Open files: as many as the system grants, and never so many connections that none is left."""

from __future__ import annotations

import resource
from dataclasses import replace

from mitmeter.daemon.plan import StationPlan
from mitmeter.roles.role import Role

# Kept for the journal, the store, the control socket and the interpreter: a new segment must open
# however many connections there are.
_OWN = 100


def raise_limit() -> int:
    """Raise this process's limit of open files as far as the system lets it; return the limit.

    Services usually start with 1024, which a second thousand of connections would meet.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        hard = soft
    return 1 << 31 if hard == resource.RLIM_INFINITY else hard


def within(plan: StationPlan, handles: int) -> StationPlan:
    """Return the plan with no more connections than its share of open files allows.

    Beyond them a connection is refused and counted, not dropped by the system without a word.
    """
    each = 2 if plan.role is Role.PROXY else 1
    allowed = max(1, (handles - _OWN) // each)
    if plan.limits.connections <= allowed:
        return plan
    return replace(plan, limits=replace(plan.limits, connections=allowed))
