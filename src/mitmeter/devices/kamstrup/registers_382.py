"""The registers of electricity meter 382, with the start values of the public emulation profile.

Quadrants: A14, P14 import; A23, P23 export; R12, Q12 and R34, Q34 reactive; other digits name the
quadrants. Units, lengths and sign/exponent bytes were cloned from a real meter [O]; other real
meters give whole kWh where this one gives tenths, so what is transmitted counts. Names of the dates
and times of maxima, and of register 1079, are inferred [I].
"""

from __future__ import annotations

from mitmeter.devices.kamstrup.register import Register, Role, Template

NONE, KWH, KVARH, KW, KVAR, VOLT, AMPERE, KELVIN = 0, 2, 14, 22, 26, 33, 34, 38
HOURS, CLOCK, DATE, NUMBER, RTC, TEXT, SECONDS = 46, 47, 48, 51, 53, 54, 60

MEASURE, FACT, PRIVATE, TIME, HIDDEN = (
    Role.MEASURE,
    Role.FACT,
    Role.PRIVATE,
    Role.TIME,
    Role.HIDDEN,
)

_TYPE = 227_691_635_558_201_180_633_139
_COMPLETE_TYPE = 3_820_031_751_153_221_778_937_193_183_286
_RTC_START = 9_441_543_881_752_250_126
_RTC_1181 = 433_534_329_705_531_658
_ALL_ONES = 2**128 - 1
_TAKEN, _GIVEN = "grid.reactive.import", "grid.reactive.export"


def _r(
    id: int,
    slug: str,
    name: str,
    unit: int,
    length: int,
    sigexp: int,
    start: int,
    *,
    role: Role = MEASURE,
    quantity: str = "",
) -> Register:
    return Register(id, slug, name, role, quantity, Template(unit, length, sigexp, start))


# The 124 registers of the emulation profile, in its order.
PROFILE_382: tuple[Register, ...] = (
    _r(0x0001, "a14", "Active energy import A14", KWH, 4, 0x41, 0),
    _r(0x0002, "a23", "Active energy export A23", KWH, 4, 0x41, 0),
    _r(0x0003, "r12", "Reactive energy R12", KVARH, 4, 0x41, 0),
    _r(0x0004, "r34", "Reactive energy R34", KVARH, 4, 0x41, 0),
    _r(0x0005, "r1", "Reactive energy R1", KVARH, 4, 0x41, 0),
    _r(0x0006, "r4", "Reactive energy R4", KVARH, 4, 0x41, 0),
    _r(0x000D, "a14_fine", "A14 high resolution", KWH, 4, 0x44, 71832712, quantity="grid.import"),
    _r(0x000E, "a23_fine", "A23 high resolution", KWH, 4, 0x44, 0, quantity="grid.export"),
    _r(0x000F, "r12_fine", "R12 high resolution", KVARH, 4, 0x44, 0, quantity=_TAKEN),
    _r(0x0010, "r34_fine", "R34 high resolution", KVARH, 4, 0x44, 0, quantity=_GIVEN),
    _r(0x0011, "a14_resettable", "Resettable counter A14", KWH, 4, 0x41, 0),
    _r(0x0012, "a23_resettable", "Resettable counter A23", KWH, 4, 0x41, 0),
    _r(0x0013, "a14_tariff_1", "A14 tariff 1", KWH, 4, 0x41, 0),
    _r(0x0014, "a23_tariff_1", "A23 tariff 1", KWH, 4, 0x41, 0),
    _r(0x0015, "r12_tariff_1", "R12 tariff 1", KVARH, 4, 0x41, 0),
    _r(0x0016, "r34_tariff_1", "R34 tariff 1", KVARH, 4, 0x41, 0),
    _r(0x0017, "a14_tariff_2", "A14 tariff 2", KWH, 4, 0x41, 0),
    _r(0x0018, "a23_tariff_2", "A23 tariff 2", KWH, 4, 0x41, 0),
    _r(0x0019, "r12_tariff_2", "R12 tariff 2", KVARH, 4, 0x41, 0),
    _r(0x001A, "r34_tariff_2", "R34 tariff 2", KVARH, 4, 0x41, 0),
    _r(0x001B, "a14_tariff_3", "A14 tariff 3", KWH, 4, 0x41, 0),
    _r(0x001C, "a23_tariff_3", "A23 tariff 3", KWH, 4, 0x41, 0),
    _r(0x001D, "r12_tariff_3", "R12 tariff 3", KVARH, 4, 0x41, 0),
    _r(0x001E, "r34_tariff_3", "R34 tariff 3", KVARH, 4, 0x41, 0),
    _r(0x001F, "a14_tariff_4", "A14 tariff 4", KWH, 4, 0x41, 0),
    _r(0x0020, "a23_tariff_4", "A23 tariff 4", KWH, 4, 0x41, 0),
    _r(0x0021, "r12_tariff_4", "R12 tariff 4", KVARH, 4, 0x41, 0),
    _r(0x0022, "r34_tariff_4", "R34 tariff 4", KVARH, 4, 0x41, 0),
    _r(0x0023, "power_35", "Power 35", KW, 4, 0x43, 0),
    _r(0x0024, "power_36", "Power 36", KW, 4, 0x43, 0),
    _r(0x0025, "reactive_power_37", "Reactive power 37", KVAR, 4, 0x43, 0),
    _r(0x0026, "reactive_power_38", "Reactive power 38", KVAR, 4, 0x43, 0),
    _r(0x0027, "p14_max", "Max power P14", KW, 4, 0x43, 0),
    _r(0x0028, "p23_max", "Max power P23", KW, 4, 0x43, 0),
    _r(0x0029, "q12_max", "Max power Q12", KVAR, 4, 0x43, 0),
    _r(0x002A, "q34_max", "Max power Q34", KVAR, 4, 0x43, 0),
    _r(0x002B, "p14_max_sum", "Accumulated max P14", KW, 4, 0x43, 0),
    _r(0x002C, "p23_max_sum", "Accumulated max P23", KW, 4, 0x43, 0),
    _r(0x002D, "q12_max_sum", "Accumulated max Q12", KVAR, 4, 0x43, 0),
    _r(0x002E, "q34_max_sum", "Accumulated max Q34", KVAR, 4, 0x43, 0),
    _r(0x0032, "meter_status", "Meter status", NUMBER, 4, 0x00, 0, role=FACT),
    _r(0x0033, "meter_number_1", "Meter number 1 (user)", NUMBER, 4, 0x00, 1258679, role=PRIVATE),
    _r(0x0034, "meter_number_2", "Meter number 2", NUMBER, 4, 0x00, 0, role=PRIVATE),
    _r(0x0035, "meter_number_3", "Meter number 3", NUMBER, 4, 0x00, 0, role=PRIVATE),
    _r(0x0036, "configuration_1", "Configuration number 1", NUMBER, 4, 0x00, 21000002, role=FACT),
    _r(0x0037, "configuration_2", "Configuration number 2", NUMBER, 4, 0x00, 22201011, role=FACT),
    _r(0x0038, "configuration_3", "Configuration number 3", NUMBER, 4, 0x00, 1000, role=FACT),
    _r(0x0039, "special_data_1", "Special data 1", NUMBER, 4, 0x00, 0, role=FACT),
    _r(0x003A, "pulse_input", "Pulse input", NONE, 4, 0x00, 0),
    _r(0x03E9, "serial", "Serial number (factory)", NUMBER, 4, 0x00, 15085488, role=PRIVATE),
    _r(0x03EA, "clock", "Clock", CLOCK, 4, 0x00, 203513, role=TIME),
    _r(0x03EB, "date", "Date", DATE, 4, 0x00, 140727, role=TIME),
    _r(0x03EC, "hour_counter", "Hour counter", HOURS, 4, 0x00, 283),
    _r(0x03ED, "software", "Software revision number", NUMBER, 4, 0x00, 53011401, role=FACT),
    _r(0x03F2, "total_number", "Total meter number", NUMBER, 10, 0x00, 15085488, role=PRIVATE),
    _r(0x03FD, "special_data_2", "Special data 2", NUMBER, 4, 0x00, 0, role=FACT),
    _r(0x03FF, "p14", "Actual power P14", KW, 4, 0x43, 0),
    _r(0x0400, "p23", "Actual power P23", KW, 4, 0x43, 0),
    _r(0x0401, "q12", "Actual reactive Q12", KVAR, 4, 0x43, 0),
    _r(0x0402, "q34", "Actual reactive Q34", KVAR, 4, 0x43, 0),
    _r(0x0403, "p14_max_time", "Time of max power P14", CLOCK, 4, 0x00, 0, role=FACT),
    _r(0x0404, "p14_max_date", "Date of max power P14", DATE, 4, 0x00, 0, role=FACT),
    _r(0x0405, "configuration_4", "Configuration number 4", NUMBER, 4, 0x00, 100, role=FACT),
    _r(0x0406, "number_1030", "Number 1030", NUMBER, 4, 0x00, 46828625, role=FACT),
    _r(0x0407, "a1234", "Active energy A1234", KWH, 4, 0x41, 0),
    _r(0x0409, "p14_max_tariff_1", "Max power P14 tariff 1", KW, 4, 0x43, 0),
    _r(0x040A, "p14_max_tariff_1_time", "Time of max tariff 1", CLOCK, 4, 0x00, 0, role=FACT),
    _r(0x040B, "p14_max_tariff_1_date", "Date of max tariff 1", DATE, 4, 0x00, 0, role=FACT),
    _r(0x040C, "p14_max_tariff_2", "Max power P14 tariff 2", KW, 4, 0x43, 0),
    _r(0x040D, "p14_max_tariff_2_time", "Time of max tariff 2", CLOCK, 4, 0x00, 0, role=FACT),
    _r(0x040E, "p14_max_tariff_2_date", "Date of max tariff 2", DATE, 4, 0x00, 0, role=FACT),
    _r(0x040F, "power_threshold", "Power threshold", KW, 4, 0x43, 99000, role=FACT),
    _r(0x0417, "rtc", "RTC", RTC, 8, 0x00, _RTC_START, role=TIME),
    _r(0x0419, "p14_max_rtc", "RTC of max P14", RTC, 8, 0x00, 0, role=FACT),
    _r(0x041A, "p14_max_tariff_1_rtc", "RTC of max P14 tariff 1", RTC, 8, 0x00, 0, role=FACT),
    _r(0x041B, "p14_max_tariff_2_rtc", "RTC of max P14 tariff 2", RTC, 8, 0x00, 0, role=FACT),
    _r(0x041E, "voltage_l1", "Voltage L1", VOLT, 2, 0x00, 228, quantity="grid.voltage.l1"),
    _r(0x041F, "voltage_l2", "Voltage L2", VOLT, 2, 0x00, 229, quantity="grid.voltage.l2"),
    _r(0x0420, "voltage_l3", "Voltage L3", VOLT, 2, 0x00, 224, quantity="grid.voltage.l3"),
    _r(0x0422, "type_number", "Type number", TEXT, 10, 0x00, _TYPE, role=FACT),
    _r(0x0423, "a14_tariff_5", "A14 tariff 5", KWH, 4, 0x41, 0),
    _r(0x0424, "a14_tariff_6", "A14 tariff 6", KWH, 4, 0x41, 0),
    _r(0x0425, "a14_tariff_7", "A14 tariff 7", KWH, 4, 0x41, 0),
    _r(0x0426, "a14_tariff_8", "A14 tariff 8", KWH, 4, 0x41, 0),
    _r(0x0427, "a23_tariff_5", "A23 tariff 5", KWH, 4, 0x41, 0),
    _r(0x0428, "a23_tariff_6", "A23 tariff 6", KWH, 4, 0x41, 0),
    _r(0x0429, "a23_tariff_7", "A23 tariff 7", KWH, 4, 0x41, 0),
    _r(0x042A, "a23_tariff_8", "A23 tariff 8", KWH, 4, 0x41, 0),
    _r(0x042B, "r12_tariff_5", "R12 tariff 5", KVARH, 4, 0x41, 0),
    _r(0x042C, "r12_tariff_6", "R12 tariff 6", KVARH, 4, 0x41, 0),
    _r(0x042D, "r12_tariff_7", "R12 tariff 7", KVARH, 4, 0x41, 0),
    _r(0x042E, "r12_tariff_8", "R12 tariff 8", KVARH, 4, 0x41, 0),
    _r(0x042F, "r34_tariff_5", "R34 tariff 5", KVARH, 4, 0x41, 0),
    _r(0x0430, "r34_tariff_6", "R34 tariff 6", KVARH, 4, 0x41, 0),
    _r(0x0431, "r34_tariff_7", "R34 tariff 7", KVARH, 4, 0x41, 0),
    _r(0x0432, "r34_tariff_8", "R34 tariff 8", KVARH, 4, 0x41, 0),
    _r(0x0433, "configuration_5", "Configuration number 5", NUMBER, 4, 0x00, 0, role=FACT),
    _r(0x0434, "current_l1", "Current L1", AMPERE, 4, 0x42, 511, quantity="grid.current.l1"),
    _r(0x0435, "current_l2", "Current L2", AMPERE, 4, 0x42, 422, quantity="grid.current.l2"),
    _r(0x0436, "current_l3", "Current L3", AMPERE, 4, 0x42, 144, quantity="grid.current.l3"),
    _r(0x0437, "internal_temperature", "Internal temperature", KELVIN, 2, 0x00, 315),
    _r(0x0438, "p14_l1", "Actual power P14 L1", KW, 2, 0x43, 1000),
    _r(0x0439, "p14_l2", "Actual power P14 L2", KW, 2, 0x43, 5499),
    _r(0x043A, "p14_l3", "Actual power P14 L3", KW, 2, 0x43, 895),
    _r(0x043B, "rom_checksum", "ROM checksum", NUMBER, 2, 0x00, 34353, role=FACT),
    _r(0x043C, "voltage_extremity", "Voltage extremity", NONE, 2, 0x00, 256, role=FACT),
    _r(0x043E, "logger_status", "Logger status", NUMBER, 4, 0x00, 101110, role=FACT),
    _r(0x0444, "number_1092", "Number 1092", NUMBER, 2, 0x00, 1, role=FACT),
    _r(0x0458, "t1", "T1", SECONDS, 2, 0x00, 30, role=FACT),
    _r(0x0459, "t2", "T2", SECONDS, 2, 0x00, 30, role=FACT),
    _r(0x045A, "t3", "T3", SECONDS, 2, 0x00, 30, role=FACT),
    _r(0x045B, "t_connect_wait", "T connect wait", SECONDS, 2, 0x00, 60, role=FACT),
    _r(0x0461, "a14_prepayment", "A14 prepayment", KWH, 4, 0x41, 0),
    _r(0x0466, "complete_type", "Complete type number", TEXT, 13, 0x00, _COMPLETE_TYPE, role=FACT),
    _r(0x049D, "rtc_1181", "RTC 1181", RTC, 8, 0x00, _RTC_1181, role=FACT),
    _r(0x04A5, "config_code", "Config code", NONE, 2, 0x00, 0, role=FACT),
    _r(0x04B2, "block_1202", "Block 1202, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B3, "block_1203", "Block 1203, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B4, "block_1204", "Block 1204, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B5, "block_1205", "Block 1205, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B6, "block_1206", "Block 1206, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B7, "block_1207", "Block 1207, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B8, "block_1208", "Block 1208, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
    _r(0x04B9, "block_1209", "Block 1209, all ones", NONE, 16, 0x00, _ALL_ONES, role=HIDDEN),
)


def _more(id: int, slug: str, name: str, *, role: Role = MEASURE, quantity: str = "") -> Register:
    return Register(id, slug, name, role, quantity)


def _run(first: int, slugs: str, names: str, marks: str, *, role: Role = MEASURE) -> list[Register]:
    """Return registers with ids in a row; {} in slug and name becomes each of the marks."""
    each = enumerate(marks.split())
    return [
        _more(first + step, slugs.format(mark.lower()), names.format(mark), role=role)
        for step, mark in each
    ]


# Known of other 382 meters; units and lengths as each meter transmits them [O]. Where several ids
# are known as a group only, they carry a running number: which is which is unknown [U].
MORE_382: tuple[Register, ...] = (
    *_run(0x0008, "secondary_{}", "Secondary-side energy {}", "1 2 3 4 5"),
    _more(0x002F, "billing_periods", "Number of billing periods", role=FACT),
    _more(0x00C7, "load_profile_interval", "Load-profile interval", role=FACT),
    _more(0x00DE, "configuration_changes", "Configuration-change counter", role=FACT),
    _more(0x0408, "operation_mode", "Operation mode", role=FACT),
    _more(0x0410, "power_threshold_counter", "Power-threshold counter"),
    _more(0x0415, "rtc_status", "RTC status", role=FACT),
    _more(0x043F, "relay_state", "Relay state", role=FACT),
    _more(0x0440, "relay_feedback", "Relay feedback", role=FACT),
    *_run(0x0492, "power_factor_{}", "Power factor {}", "L1 L2 L3 total"),
    _more(0x049C, "password", "Password", role=Role.UNREAD),
    *_run(0x04AC, "p14_extreme_time_{}", "Time of extreme P14, {} of 6", "1 2 3 4 5 6", role=FACT),
    *_run(0x04BA, "load_profile_setup_{}", "Load-profile set-up {}", "1 2", role=FACT),
    *_run(0x04BC, "voltage_quality_{}", "Voltage-quality limit {}", "1 2 3", role=FACT),
    *_run(0x04BF, "average_{}", "Average voltage or current, {} of 6", "1 2 3 4 5 6"),
    *_run(0x04D3, "event_status_{}", "Event status or mask, {} of 5", "1 2 3 4 5", role=FACT),
    _more(0x04D8, "dst_setup", "Daylight-saving set-up", role=FACT),
    _more(0x04F4, "mbus_address", "M-Bus / K1 address", role=FACT),
    _more(0x04F7, "kmp_address", "KMP address", role=FACT),
    *_run(0x04FB, "{}", "Reactive energy {}", "R2 R3"),
    *_run(0x04FD, "apparent_energy_{}", "Apparent energy {}", "1 2"),
    *_run(0x0513, "a_phase_{}", "A14 or A23 of a phase, {} of 6", "1 2 3 4 5 6"),
    *_run(0x0519, "apparent_power_{}", "Apparent power {}", "1 2 3"),
    *_run(0x0540, "p23_{}", "Actual power P23 {}", "L1 L2 L3"),
    *_run(0x0543, "q_phase_{}", "Q12 or Q34 of a phase, {} of 6", "1 2 3 4 5 6"),
    *_run(0x0569, "voltage_10min_{}", "Ten-minute voltage {}", "L1 L2 L3"),
    _more(0x056E, "frequency", "Frequency", quantity="grid.frequency"),
    _more(0x07DA, "active_tariff", "Active tariff"),
    *_run(0x178A, "firmware_{}", "Firmware revision {}", "1", role=FACT),
    *_run(0x178F, "firmware_{}", "Firmware revision {}", "2", role=FACT),
)
