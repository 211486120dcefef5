"""Offline decoding on one core: the simulated day's device bytes, frame by frame and in bulk."""

from __future__ import annotations

from bench.day import PROTOCOL, chunks
from bench.report import Report
from bench.timing import cpu_seconds
from mitmeter import registry
from mitmeter.model import Chunk, Side
from mitmeter.protocol import Decoded

AIM = 50_000
_BLOCK = 65_536
_STATUS = b"\x01\x01\x10"


def run(report: Report) -> None:
    report.part("Decoding offline, one core (rates are per second of processor time)")
    spoken = [chunk for chunk in chunks() if chunk.sender is Side.DEVICE]
    statuses = [chunk for chunk in spoken if chunk.data.startswith(_STATUS)]
    frames, size = len(statuses), sum(len(chunk.data) for chunk in statuses)

    codec_only = cpu_seconds(lambda: decode(statuses))
    _rate(report, f"{frames:,} status frames: codec only", frames, size, codec_only)
    stream = b"".join(chunk.data for chunk in statuses)
    bulk = cpu_seconds(lambda: in_blocks(stream))
    _rate(report, "the same as one stream in 64 KiB reads", frames, size, bulk)
    whole = cpu_seconds(lambda: project(statuses))
    readings = project(statuses)
    report.aim(
        "codec and projection to readings",
        frames / whole,
        AIM,
        "frames/s",
        more=True,
        shown=f"{frames / whole:9,.0f} frames/s, {size / whole / 1e6:5.1f} MB/s",
        between=(
            f"A frame costs {whole / frames * 1e6:.1f} µs: {codec_only / frames * 1e6:.1f} µs in "
            f"the codec (checksum and JSON are C), the rest for {readings / frames:.0f} readings, "
            f"{(whole - codec_only) / readings * 1e6:.2f} µs each: a look-up, an exact number and "
            "an object, in Python."
        ),
    )
    every = cpu_seconds(lambda: project(spoken))
    size = sum(len(chunk.data) for chunk in spoken)
    _rate(report, f"all {len(spoken):,} chunks of the day, telemetry too", len(spoken), size, every)


def decode(spoken: list[Chunk]) -> int:
    codec = registry.spec(PROTOCOL).codec()
    return sum(len(codec.feed(Side.DEVICE, chunk.data)) for chunk in spoken)


def in_blocks(stream: bytes) -> int:
    codec = registry.spec(PROTOCOL).codec()
    return sum(
        len(codec.feed(Side.DEVICE, stream[at : at + _BLOCK]))
        for at in range(0, len(stream), _BLOCK)
    )


def project(spoken: list[Chunk]) -> int:
    """Decode and project; return how many readings that gave."""
    spec = registry.spec(PROTOCOL)
    codec, projection, count = spec.codec(), spec.projection(), 0
    for chunk in spoken:
        received = chunk.received
        for item in codec.feed(Side.DEVICE, chunk.data):
            if isinstance(item, Decoded):
                count += len(list(projection.project(Side.DEVICE, item.message, received)))
    return count


def _rate(report: Report, what: str, frames: int, size: int, seconds: float) -> None:
    report.say(what, f"{frames / seconds:9,.0f} frames/s, {size / seconds / 1e6:5.1f} MB/s")
