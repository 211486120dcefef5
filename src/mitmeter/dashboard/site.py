"""GET /api/v1/site, /api/v1/quantities: what does not change while one looks."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response

from mitmeter import __version__
from mitmeter.dashboard.answer import Instant, Shape, answer, problems
from mitmeter.dashboard.backend import House, Station
from mitmeter.dashboard.desk import desk_of, may
from mitmeter.model import CATALOGUE
from mitmeter.store import Store
from mitmeter.store.intervals import today

router = APIRouter()


class StationShape(Shape):
    """One station at work."""

    name: str
    role: str
    protocol: str
    where: str
    conversations: int
    control: bool
    simulated: bool

    @classmethod
    def of(cls, station: Station) -> StationShape:
        return cls(
            name=station.name,
            role=station.role,
            protocol=station.protocol,
            where=station.where,
            conversations=station.conversations,
            control=station.control,
            simulated=station.synthetic,
        )


class SiteShape(Shape):
    """This house. speed: seconds of its time per second of ours."""

    id: str
    timezone: str
    version: str
    currency: str | None
    simulated: bool
    speed: float
    now: Instant
    scope: str
    stations: list[StationShape]


class QuantityShape(Shape):
    """What can be measured."""

    name: str
    unit: str
    kind: str
    description: str
    obis: str


class QuantitiesShape(Shape):
    """The catalogue."""

    items: list[QuantityShape]
    next: str | None = None


@router.get("/site", response_model=SiteShape, responses=problems())
async def site(request: Request) -> Response:
    """This house, its clock, and what you may do here."""
    desk = desk_of(request)
    backend = desk.backend
    scope = may(request)
    house, now, stations = backend.house, backend.now(), backend.stations()

    def made(store: Store) -> SiteShape:
        return SiteShape(
            id=house.site,
            timezone=str(house.zone),
            version=__version__,
            currency=_currency(store, house, now),
            simulated=any(each.synthetic for each in stations),
            speed=house.speed,
            now=now,
            scope="" if scope is None else str(scope),
            stations=[StationShape.of(each) for each in stations],
        )

    return await answer(request, made)


def _currency(store: Store, house: House, now: datetime) -> str | None:
    """Return what money is in: by the tariff, or as a device says it."""
    if house.tariffs:
        return house.tariffs[-1].currency
    return today(store, house.zone, sources=house.sources or None, now=now).currency or None


@router.get("/quantities", response_model=QuantitiesShape, responses=problems())
async def quantities(request: Request) -> Response:
    """Everything that has a name, a unit and a meaning here."""

    def made(_: Store) -> QuantitiesShape:
        return QuantitiesShape(
            items=[
                QuantityShape(
                    name=each.name,
                    unit=each.unit,
                    kind=str(each.kind),
                    description=each.description,
                    obis=each.obis,
                )
                for each in CATALOGUE.values()
            ]
        )

    return await answer(request, made, key="quantities")
