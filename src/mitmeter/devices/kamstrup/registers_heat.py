"""The registers of heat meters (MULTICAL 402, 403, 601, 602, 603), the second profile [O].

Water meters (MULTICAL 21, flowIQ) use the same ids for volume, flow, date and serial number.
"""

from __future__ import annotations

from mitmeter.devices.kamstrup.register import Register, Role

FACT, PRIVATE, TIME = Role.FACT, Role.PRIVATE, Role.TIME


def _r(id: int, slug: str, name: str, *, role: Role = Role.MEASURE, quantity: str = "") -> Register:
    return Register(id, slug, name, role, quantity)


def _extremes(first: int, span: str) -> list[Register]:
    """Return date and value of the four extremes of a span, ids in a row."""
    found: list[Register] = []
    for what in ("max flow", "min flow", "max power", "min power"):
        slug = f"{span}_{what.replace(' ', '_')}"
        at = first + len(found)
        found.append(_r(at, f"{slug}_date", f"Date of {what} of the {span}", role=FACT))
        found.append(_r(at + 1, slug, f"{what.capitalize()} of the {span}"))
    return found


PROFILE_HEAT: tuple[Register, ...] = (
    _r(0x003C, "e1", "Heat energy E1", quantity="heat.energy"),
    _r(0x003D, "e4", "Inlet energy E4"),
    _r(0x003E, "e5", "Outlet energy E5"),
    _r(0x003F, "e3", "Cooling energy E3"),
    _r(0x0040, "ta2", "Tariff register TA2"),
    _r(0x0041, "ta3", "Tariff register TA3"),
    _r(0x0042, "tl2", "Tariff limit 2", role=FACT),
    _r(0x0043, "tl3", "Tariff limit 3", role=FACT),
    _r(0x0044, "v1", "Volume V1"),
    _r(0x0045, "v2", "Volume V2"),
    _r(0x0048, "m1", "Mass M1"),
    _r(0x0049, "m2", "Mass M2"),
    _r(0x004A, "flow_1", "Flow V1"),
    _r(0x004B, "flow_2", "Flow V2"),
    _r(0x0050, "power", "Heat power", quantity="heat.power"),
    _r(0x0054, "pulse_a", "Pulse input A"),
    _r(0x0055, "pulse_b", "Pulse input B"),
    _r(0x0056, "t1", "Flow temperature T1", quantity="heat.temperature.flow"),
    _r(0x0057, "t2", "Return temperature T2", quantity="heat.temperature.return"),
    _r(0x0058, "t3", "Temperature T3"),
    _r(0x0059, "t1_t2", "Temperature difference T1 − T2"),
    _r(0x005B, "p1", "Pressure P1"),
    _r(0x005C, "p2", "Pressure P2"),
    _r(0x005E, "e2", "Heat energy E2"),
    _r(0x005F, "e6", "Tap-water energy E6"),
    _r(0x0060, "e7", "Tap-water energy E7"),
    _r(0x0061, "e8", "E8 = m³×T1"),
    _r(0x0062, "target_date", "Target date", role=FACT),
    _r(0x0063, "info_code", "Info code", role=FACT),
    _r(0x0068, "meter_number_vb", "Meter number VB", role=PRIVATE),
    _r(0x006E, "e9", "E9 = m³×T2"),
    _r(0x0070, "customer_number_upper", "Customer number, upper digits", role=PRIVATE),
    _r(0x0071, "info_events", "Info-event counter"),
    _r(0x0072, "meter_number_va", "Meter number VA", role=PRIVATE),
    _r(0x007A, "t4", "Temperature T4"),
    *_extremes(0x007B, "year"),
    *_extremes(0x008A, "month"),
    _r(0x0092, "t1_year", "Year average T1"),
    _r(0x0093, "t2_year", "Year average T2"),
    _r(0x0095, "t1_month", "Month average T1"),
    _r(0x0096, "t2_month", "Month average T2"),
    _r(0x0098, "programme", "Programme number", role=FACT),
    _r(0x0099, "configuration_1", "Configuration number 1", role=FACT),
    _r(0x009A, "software_checksum", "Software checksum", role=FACT),
    _r(0x009B, "e_fine", "High-resolution energy"),
    _r(0x00A8, "configuration_2", "Configuration number 2", role=FACT),
    _r(0x00AF, "error_hours", "Error hour counter"),
    _r(0x00EA, "pulse_a_litres", "Litres per pulse of input A", role=FACT),
    _r(0x00EB, "pulse_b_litres", "Litres per pulse of input B", role=FACT),
    _r(0x010A, "e1_fine", "E1 high resolution"),
    _r(0x010B, "e3_fine", "E3 high resolution"),
    _r(0x015A, "module_software", "Module software revision", role=FACT),
    _r(0x015C, "date_time", "Date and time", role=TIME),
    _r(0x0171, "info_bits", "Info bits", role=FACT),
    _r(0x0194, "meter_type", "Meter type", role=FACT),
    _r(0x03E9, "serial", "Serial number (factory)", role=PRIVATE),
    _r(0x03EA, "clock", "Clock", role=TIME),
    _r(0x03EB, "date", "Date", role=TIME),
    _r(0x03EC, "hour_counter", "Hour counter"),
    _r(0x03ED, "software", "Software edition", role=FACT),
    _r(0x03F2, "customer_number_lower", "Customer number, lower digits", role=PRIVATE),
)
