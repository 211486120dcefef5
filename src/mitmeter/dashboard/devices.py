"""/api/v1/devices: who was heard, and what they may be told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field

from mitmeter.dashboard.answer import Shape, answer, missing, plain, problems
from mitmeter.dashboard.asked import known_device
from mitmeter.dashboard.desk import desk_of, may
from mitmeter.dashboard.device_shapes import (
    CommandShape,
    DevicesShape,
    WholeDevice,
    device_shapes,
    series_shapes,
    shape_of,
)
from mitmeter.dashboard.gate import Turned
from mitmeter.dashboard.tokens import Scope
from mitmeter.model import DeviceId
from mitmeter.store import Store

router = APIRouter()

_Text = Annotated[str, Field(max_length=200)]


class CommandAsked(Shape):
    """A command and its arguments, as text."""

    name: _Text
    arguments: dict[_Text, _Text] = Field(default_factory=dict, max_length=50)


class OutcomeShape(Shape):
    """What became of a command, in a sentence."""

    accepted: bool
    text: str


@router.get("/devices", response_model=DevicesShape, responses=problems())
async def devices(request: Request) -> Response:
    """Every device that was ever heard, and how it stands now."""
    backend = desk_of(request).backend
    return await answer(request, lambda store: DevicesShape(items=device_shapes(store, backend)))


@router.get("/devices/{device}", response_model=WholeDevice, responses=problems(404))
async def one_device(request: Request, device: str) -> Response:
    """One device with all it measures, and the commands it knows."""
    backend = desk_of(request).backend

    def made(store: Store) -> WholeDevice:
        known = known_device(store, device)
        series = [each for each in store.series() if each.device == known.device]
        latest = {(each.device, each.quantity): each for each in store.latest(known.device)}
        shape = shape_of(store, backend, known, series, latest, backend.now())
        speaks = backend.speaks(known.device.protocol)
        mine = [each for each in backend.stations() if each.protocol == known.device.protocol]
        return WholeDevice(
            **{name: value for name, value in shape if name != "commands"},
            series=series_shapes(series, latest),
            stations=[each.name for each in mine],
            commands=[
                CommandShape(name=each.name, arguments=each.arguments, summary=each.summary)
                for each in (speaks.commands if speaks else ())
            ],
        )

    return await answer(request, made)


@router.post(
    "/devices/{device}/commands",
    response_model=OutcomeShape,
    responses=problems(400, 404, 411, 413),
)
async def command(
    request: Request,
    device: str,
    asked: CommandAsked,
    x_mitmeter: Annotated[str, Header(pattern="^1$", description="Always 1.")],
) -> Response:
    """Give a device a command, and wait for what becomes of it: minutes, where a device is slow."""
    if may(request) is not Scope.CONTROL:
        raise Turned(403, "this token, or this mitmeter, may only look")
    desk = desk_of(request)
    known: DeviceId = (await desk.stores.read(lambda store: known_device(store, device))).device
    speaks = desk.backend.speaks(known.protocol)
    if speaks is None or asked.name not in {each.name for each in speaks.commands}:
        raise missing(f"{known.protocol} knows no command {ascii(asked.name)[1:101]}")
    if not desk.backend.may_control(known):
        raise Turned(403, f"commands are off for {known}: see `control` of its station")
    outcome = await desk.backend.command(known, asked.name, asked.arguments)
    return plain(OutcomeShape(accepted=outcome.accepted, text=outcome.text))
