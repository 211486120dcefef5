"""GET /api/v1/overview: the page Now in one answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from pydantic import Field

from mitmeter.dashboard.answer import Instant, Shape, answer, number, problems
from mitmeter.dashboard.backend import Backend
from mitmeter.dashboard.desk import desk_of
from mitmeter.dashboard.device_shapes import DeviceShape, device_shapes
from mitmeter.dashboard.flow import flow, gas_per_hour
from mitmeter.dashboard.interval_shapes import exact_values
from mitmeter.model import DeviceId
from mitmeter.store import Store
from mitmeter.store.energy import Mark
from mitmeter.store.intervals import today

router = APIRouter()

_COUNTS = 8
_SHORTEST = 60.0
_USUAL = 300.0


class FlowShape(Shape):
    """Power now, in watts; + is from the grid, from the battery. Null is not known.

    whose: part → the device that said so. stale: one of them has been silent for too long.
    """

    grid_w: float | None = None
    pv_w: float | None = None
    battery_w: float | None = None
    house_w: float | None = None
    soc_percent: float | None = None
    gas_m3_per_hour: float | None = None
    whose: dict[str, str] = Field(serialization_alias="from")
    at: Instant | None
    stale: bool


class TodayShape(Shape):
    """The local day so far. complete: nothing is missing in it; estimated: some is from power."""

    since: Instant
    import_kwh: float | None
    export_kwh: float | None
    pv_kwh: float | None
    house_kwh: float | None
    gas_kwh: float | None
    gas_m3: float | None
    battery_charged_kwh: float | None
    battery_discharged_kwh: float | None
    cost: float | None
    income: float | None
    standing: float | None
    total: float | None
    currency: str | None
    estimated: bool
    complete: bool


class OverviewShape(Shape):
    """The house now and today."""

    now: Instant
    flow: FlowShape
    today: TodayShape
    devices: list[DeviceShape]


@router.get("/overview", response_model=OverviewShape, responses=problems())
async def overview(request: Request) -> Response:
    """Power now, energy and cost of today, and how every device stands."""
    backend = desk_of(request).backend

    def made(store: Store) -> OverviewShape:
        now = backend.now()
        devices = device_shapes(store, backend)
        return OverviewShape(
            now=now,
            flow=_flow(store, devices, now),
            today=_today(store, backend, now),
            devices=devices,
        )

    return await answer(request, made)


def _flow(store: Store, devices: list[DeviceShape], now: datetime) -> FlowShape:
    patience = {
        DeviceId.parse(each.device): timedelta(
            seconds=max(_SHORTEST, 4 * each.expected_seconds) if each.expected_seconds else _USUAL
        )
        for each in devices
    }
    found = flow(store.latest(), patience, now)
    powers = {part: number(said.value) for part, said in found.parts.items()}
    whose = {part: str(said.device) for part, said in found.parts.items()}
    gas = None
    for each in sorted(patience, key=str):
        gas = gas or gas_per_hour(list(store.readings(each, "gas.volume", limit=_COUNTS)), now)
    if gas is not None:
        whose["gas_m3_per_hour"] = str(gas[1])
    return FlowShape(
        **powers,
        gas_m3_per_hour=None if gas is None else round(float(gas[0]), 4),
        whose={part.removesuffix("_w"): name for part, name in whose.items()},
        at=found.at,
        stale=found.stale,
    )


def _today(store: Store, backend: Backend, now: datetime) -> TodayShape:
    house = backend.house
    found = today(store, house.zone, tariffs=house.tariffs, sources=house.sources or None, now=now)
    day = found.items[0]
    exact = {
        name: number(value) for name, value in exact_values(day, frozenset(found.sources)).items()
    }
    marks = {mark for each in day.energies.values() for mark in each.marks}
    return TodayShape(
        since=day.since,
        battery_charged_kwh=exact.pop("charged_kwh"),
        battery_discharged_kwh=exact.pop("discharged_kwh"),
        **exact,
        currency=found.currency or None,
        estimated=Mark.ESTIMATED in marks,
        complete=not marks - {Mark.PARTIAL, Mark.ESTIMATED, Mark.ROLL_OVER},
    )
