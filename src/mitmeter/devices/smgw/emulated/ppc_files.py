"""The XML in a PPC gateway's signed files: values, a meter's profile, the log.

Source: fact sheet §3.5, and its example of values [O]; attributes of the other two are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mitmeter.devices.smgw.emulated.grid import Capture
from mitmeter.devices.smgw.emulated.logbook import Entry
from mitmeter.devices.smgw.emulated.make import Site, utc_text
from mitmeter.devices.smgw.emulated.meter import is_counter, is_named, raw_value
from mitmeter.devices.smgw.emulated.persona import Meter, Register

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_GENERIC = 'xmlns:ns1="urn:k461-dke-de:profile_generic-1" xmlns:ns2="urn:k461-dke-de:extension-1"'
_CLASS = 32_822
_SIGNATURE_OCTETS = 128
_LEVELS = {1: "INFO", 2: "WARNING", 3: "ERROR", 4: "FATAL"}


def values_xml(site: Site, meter: Meter, found: Sequence[Capture]) -> bytes:
    """Return the readings, a column for each register. found: in the order of the file."""
    registers = [each for each in meter.registers if is_counter(each)]
    name = f"01005e31803c.{meter.id}.sm"
    lines = [
        _XML,
        f'<ns1:object class_id="7" class_version="1" id="{name}"',
        f"    {_GENERIC}>",
        '  <ns1:attributes count="3">',
        f'    <ns2:logical_name id="1">{name}</ns2:logical_name>',
        f'    <ns1:capture_objects id="2" count="{len(registers)}">',
        *(_capture_object(meter, each, place) for place, each in enumerate(registers, 1)),
        "    </ns1:capture_objects>",
        f'    <ns1:buffer id="3"><ns1:simple_data count="{len(registers)}">',
    ]
    # Moment by moment: the house knows its way best in order of time.
    raws = [
        ["0" if c.missing else raw_value(meter, each, site.house, c.valued) for each in registers]
        for c in found
    ]
    for place, register in enumerate(registers, 1):
        column = [row[place - 1] for row in raws]
        lines += _column(site, meter, register, list(zip(found, column, strict=True)), place)
    lines += [
        "    </ns1:simple_data></ns1:buffer>",
        "  </ns1:attributes>",
        "</ns1:object>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _capture_object(meter: Meter, register: Register, place: int) -> str:
    return (
        f'      <ns1:capture_object id="{place}">'
        f"<ns2:logical_name>{register.obis.lower()}.{meter.id}.sm</ns2:logical_name>"
        f"<ns2:class_id>{_CLASS}</ns2:class_id></ns1:capture_object>"
    )


def _column(
    site: Site, meter: Meter, register: Register, found: Sequence[tuple[Capture, str]], place: int
) -> list[str]:
    if not found:
        return [f'      <ns1:column id="{place}" count="0"/>']
    rows = [f'      <ns1:column id="{place}" count="{len(found)}">']
    for number, (capture, raw) in enumerate(found, 1):
        # Another code than the pages' [O].
        status = 3 if capture.missing else 0 if capture.is_valid else 4
        signature = site.made_hex(f"{meter.id}/{register.obis}/{capture.at}", _SIGNATURE_OCTETS)
        rows.append(
            f'        <ns1:entry_gateway_signed id="{number}">'
            f"<ns2:value><ns2:long64>{raw}</ns2:long64></ns2:value>"
            f"<ns2:scaler>{register.scaler}</ns2:scaler><ns2:unit>{register.unit}</ns2:unit>"
            f"<ns2:status><ns2:unsigned>{status}</ns2:unsigned></ns2:status>"
            f"<ns2:capture_time>{utc_text(capture.at)}</ns2:capture_time>"
            f"<ns2:smgw_signature>{signature}</ns2:smgw_signature></ns1:entry_gateway_signed>"
        )
    return [*rows, "      </ns1:column>"]


def profile_xml(site: Site, meter: Meter) -> bytes:
    """Return a meter's profile."""
    named = [each for each in meter.registers if is_named(each)]
    lines = (
        _XML,
        f'<ns1:object id="{meter.name}" xmlns:ns1="urn:k461-dke-de:kaf_lmn_container-1">',
        f"  <ns1:device_identifier>{meter.id}</ns1:device_identifier>",
        "  <ns1:com_type>TLS</ns1:com_type>",
        "  <ns1:active>1</ns1:active>",
        f"  <ns1:samplerate>{site.switches.clock.period}</ns1:samplerate>",
        "  <ns1:values>",
        *(f"    <ns1:value>{each.obis.lower()}</ns1:value>" for each in named),
        "  </ns1:values>",
        "</ns1:object>",
    )
    return ("\n".join(lines) + "\n").encode()


def log_xml(site: Site, entries: Sequence[Entry]) -> bytes:
    """Return the log."""
    name = f"0000636203ff.{site.persona.id.lower()}.sm"
    lines = [
        _XML,
        f'<ns1:object class_id="7" class_version="1" id="{name}"',
        f"    {_GENERIC}>",
        f'  <ns1:attributes count="2"><ns2:logical_name id="1">{name}</ns2:logical_name>',
        '    <ns1:buffer id="2"><ns1:logbook>',
    ]
    for entry in entries:
        outcome = "SUCCESS" if entry.good else "FAILURE"
        lines.append(
            f"      <ns1:entry><ns2:record_number>{entry.index}</ns2:record_number><ns2:event>"
            f"<ns2:level>{_LEVELS[entry.level]}</ns2:level>"
            f"<ns2:timestamp>{utc_text(entry.at)}</ns2:timestamp>"
            f"<ns2:type><ns2:event_id>{escape(entry.event)}</ns2:event_id></ns2:type>"
            f"<ns2:outcome>{outcome}</ns2:outcome>"
            f"<ns2:message><ns2:part>{escape(entry.message)}</ns2:part></ns2:message>"
            "</ns2:event></ns1:entry>"
        )
    lines += ["    </ns1:logbook></ns1:buffer>", "  </ns1:attributes>", "</ns1:object>"]
    return ("\n".join(lines) + "\n").encode()
