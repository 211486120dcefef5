from dataclasses import replace

import pytest

from mitmeter import registry
from mitmeter.daemon.handles import within
from mitmeter.daemon.plan import StationPlan
from mitmeter.roles.role import Role
from mitmeter.transport import Limits


@pytest.fixture
def plan() -> StationPlan:
    return StationPlan(
        "battery", Role.TRAP, registry.spec("alphaess"), limits=Limits(connections=12_000)
    )


def test_where_there_are_files_enough_the_configured_limit_stands(plan: StationPlan) -> None:
    assert within(plan, 20_000) == plan


def test_a_trap_leaves_a_hundred_files_for_journal_and_store(plan: StationPlan) -> None:
    assert within(plan, 1024).limits.connections == 924


def test_a_proxy_needs_two_files_for_each_connection(plan: StationPlan) -> None:
    assert within(replace(plan, role=Role.PROXY), 1100).limits.connections == 500


def test_however_few_files_there_are_one_device_may_connect(plan: StationPlan) -> None:
    assert within(plan, 20).limits.connections == 1
