"""The command bytes (CIDs): what each is called, and which of them change something.

Source: vendor documents quoted by public test suites, and head-end software [V][O].
"""

from __future__ import annotations

GET_TYPE, GET_SERIAL, SET_CLOCK, GET_REGISTER, PUT_REGISTER = 0x01, 0x02, 0x09, 0x10, 0x11
LOGIN, SET_CUT_OFF, GET_CUT_OFF, GET_EVENT_STATUS = 0x92, 0x97, 0x98, 0x9B
LOG_TIME_PRESENT, LOG_LAST_PRESENT, LOG_ID_PRESENT, LOG_TIME_PAST = 0xA0, 0xA1, 0xA2, 0xA3
LOGGER = 0xB8

NAMES: dict[int, str] = {
    GET_TYPE: "GetType",
    GET_SERIAL: "GetSerialNo",
    0x07: "Reset",
    SET_CLOCK: "SetClock",
    GET_REGISTER: "GetRegister",
    PUT_REGISTER: "PutRegister",
    0x85: "ResetNoBackup",
    0x86: "SetDispYes",
    0x88: "DebStop",
    LOGIN: "Login",
    SET_CUT_OFF: "SetCutOffState",
    GET_CUT_OFF: "GetCutOffState",
    GET_EVENT_STATUS: "GetEventStatus",
    0x9C: "ClearEventStatus",
    LOG_TIME_PRESENT: "GetLogTimePresent",
    LOG_LAST_PRESENT: "GetLogLastPresent",
    LOG_ID_PRESENT: "GetLogIDPresent",
    LOG_TIME_PAST: "GetLogTimePast",
    0xA6: "SetVoltQualConfig",
    0xA7: "GetVoltQualConfig",
    LOGGER: "ReadLogger",
}

# Commands without a layout of their own that change the meter's state.
WRITING = frozenset({0x07, 0x85, 0x86, 0x88, 0x9C, 0xA6, SET_CLOCK, PUT_REGISTER, SET_CUT_OFF})


def name_of(cid: int) -> str:
    """Return what a command is called; one nobody has described is called by its number."""
    return NAMES.get(cid, f"unknown command {cid:02X}")
