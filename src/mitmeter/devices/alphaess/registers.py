"""The battery's field dictionary as data: member orders, units, decimals, quantities.

Source: captured frames of several firmware versions [O] unless a line says otherwise. The signs of
the wire are ours too: Pbat and BatC + is discharge, PmeterLx + is import, PrealLx + is from the
inverter into the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

# --- member orders ---


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LOGIN_FIELDS = ("UserName", "Password", "CompanyName")
NOTICE_FIELDS = ("MsgType", "MsgContent", "Description")
RESUME_FIELDS = ("CmdIndex", "Command", "Parameter1", "Parameter2")
SET_CONFIG_FIELDS = SYNC_TIME_FIELDS = ("Command", "CmdIndex")
ACKNOWLEDGEMENT_FIELDS = ("Command", "CmdIndex", "Status")

STATUS_FIELDS: tuple[str, ...] = _names(
    "Time SN Ppv1 Ppv2 PrealL1 PrealL2 PrealL3 PmeterL1 PmeterL2 PmeterL3 PmeterDC Pbat Sva"
    " VarAC VarDC SOC"
)

# From Ua on, telemetry and history agree up to EmsStatus.
_MEASURED = (
    "Ua Ub Uc Fac Ubus PrealL1 PrealL2 PrealL3 Tinv PacL1 PacL2 PacL3 InvWorkMode EpvTotal"
    " Einput Eoutput Echarge PmeterL1 PmeterL2 PmeterL3 PmeterDC Pbat SOC BatV BatC FlagBms"
    " BmsWork Pcharge Pdischarge BmsRelay BmsNum VcellLow VcellHigh TcellLow TcellHigh"
    " IdTempelover IdTempEover IdTempediffe IdChargcurre IdDischcurre IdCellvolover"
    " IdCellvollower IdSoclower IdCellvoldiffe BatC1 BatC2 BatC3 BatC4 BatC5 BatC6 SOC1 SOC2"
    " SOC3 SOC4 SOC5 SOC6 ErrInv WarInv ErrEms ErrBms ErrMeter ErrBackupBox EGridCharge"
    " EDischarge EmsStatus"
)
_HARDWARE = "BmuRelay BmsHardVer1 BmsHardVer2 BmsHardVer3"
_DISPATCH = "DispatchSwitch Pdispatch DispatchSoc DispatchMode"
TELEMETRY_FIELDS: tuple[str, ...] = _names(
    f"Time SN Ppv1 Ppv2 Upv1 Upv2 {_MEASURED} InvBatV BmsShutdown {_HARDWARE} {_DISPATCH}"
    " PMeterDCL1 PMeterDCL2 PMeterDCL3 MeterDCUa MeterDCUb MeterDCUc Eirp CSQ"
)
HISTORY_FIELDS: tuple[str, ...] = _names(
    f"Date Time SN Ppv1 Ppv2 Vpv1 Vpv2 {_MEASURED} BmsShutdown InvBatV {_HARDWARE} {_DISPATCH}"
)

CONFIG_REQUEST_FIELDS = ("SN",)

_WINDOWS = "TimeChaF1 TimeChaE1 TimeChaF2 TimeChaE2 TimeDisF1 TimeDisE1 TimeDisF2 TimeDisE2"
_GENERATOR = "GCSOCStart GCSOCEnd GCTimeStart GCTimeEnd GCOutputMode GCChargePower GCRatedPower"
_BACKUP = "L1Priority L2Priority L3Priority L1SocLimit L2SocLimit L3SocLimit"
_GRID_CODE = (
    "Safe PowerFact Volt5MinAvg Volt10MinAvg TempThreshold OutCurProtect DCI RCD PvISO"
    " ChargeBoostCur"
)
_OUTPUT_1 = "Channel1 ControlMode1 StartTime1A EndTime1A StartTime1B EndTime1B"
_OUTPUT_2 = "Channel2 ControlMode2 StartTime2A EndTime2A StartTime2B EndTime2B"
_SWITCH_1 = "UPS1 SwitchOn1 SwitchOff1 Delay1 Duration1 Pause1"
_SWITCH_2 = "UPS2 SwitchOn2 SwitchOff2 Delay2 Duration2 Pause2"
CONFIG_REPLY_FIELDS: tuple[str, ...] = _names(
    "Status SN License Country Address ZipCode PhoneNumber Popv Minv Poinv Cobat Mbat"
    " Uscapacity ACDC GridCharge BatHighCap BatUseCap CtrDis GridChargeWE BatHighCapWE"
    " BatUseCapWE CtrDisWE SetMode SetFeed SetPhase CTRate GeneratorMode Generator BackUpBox"
    f" Fan {_GENERATOR} {_BACKUP} BatReady {_GRID_CODE} {_OUTPUT_1} ChargeSOC1 {_SWITCH_1}"
    f" {_OUTPUT_2} ChargeSOC2 {_SWITCH_2} ChargeMode1 ChargeMode2 MaxGridCharge"
    " InstallMeterOption InstallModule StringAE StringBE StringCE PmeterOffset PmeterMax"
    " DG_Cap GridMeterCTE Mmeter MeterACNegate PVMeterCTE PVMeterCTRate MeterDCNegate NetType"
    " WifiSN WifiSW WifiHW SlaveVersion InvHWVersion SelfUseOrEconomic ReliefMode VPPMode"
    f" CheckTime {_WINDOWS} TimeChaFWE1 TimeChaEWE1 TimeChaFWE2 TimeChaEWE2 TimeDisFWE1"
    " TimeDisEWE1 TimeDisFWE2 TimeDisEWE2 OnGridCap StorageCap EmsLanguage Date1 Date2"
    " ChargeWorkDays ChargeWeekend SafeSub POCMeterEnable"
)
CONFIG_REPLY_BOOLEANS = frozenset(
    _names("GridCharge CtrDis GridChargeWE CtrDisWE Generator BackUpBox Fan")
)
CONFIG_REPLY_NUMBERS = frozenset({"EmsLanguage"})

# Generator stands in it twice, as in every captured report.
CONFIG_REPORT_FIELDS: tuple[str, ...] = _names(
    "SN Address ZipCode Country PhoneNumber License Popv Minv Poinv Cobat Mbat Uscapacity"
    f" InstallMeterOption Mmeter PVMeterMode {' '.join(f'BatterySN{n}' for n in range(1, 19))}"
    " BMSVersion EMSVersion InvVersion SlaveVersion InvHWVersion InvSN ACDC Generator"
    f" BackUpBox Fan GridCharge CtrDis {_WINDOWS} BatHighCap BatUseCap SetMode SetPhase SetFeed"
    " CTRate PVMeterCTRate GridMeterCTE PVMeterCTE BakBoxSN SCBSN BakBoxVer SCBVer BMUModel"
    f" Generator GeneratorMode {_GENERATOR} EmsLanguage {_BACKUP} FirmwareVersion OnGridCap"
    f" StorageCap BatReady MeterACNegate MeterDCNegate {_GRID_CODE} {_OUTPUT_1} Date1"
    f" ChargeSOC1 ChargeMode1 {_SWITCH_1} {_OUTPUT_2} Date2 ChargeSOC2 ChargeMode2 {_SWITCH_2}"
    " NetType WifiSN WifiSW WifiHW"
)
# How the battery writes its booleans: as text, in two spellings.
CONFIG_REPORT_CAPITALISED = frozenset({"Fan", "BackUpBox"})
CONFIG_REPORT_LOWER = frozenset({"GridCharge", "CtrDis"})

# Real firmware leaves one space after the comma in front of these members, and nowhere else.
TELEMETRY_SPACED = frozenset(
    _names("BmsHardVer2 BmsHardVer3 DispatchSoc DispatchMode PMeterDCL3 MeterDCUc")
)
CONFIG_REPORT_SPACED = frozenset({"SlaveVersion", "InvHWVersion"})

PRIVATE_FIELDS = frozenset(
    _names("UserName Password SN License Address ZipCode PhoneNumber InvSN WifiSN BakBoxSN SCBSN")
) | {f"BatterySN{n}" for n in range(1, 19)}

# --- registers ---


class Packed(StrEnum):
    """What the low 16 bits of a packed cell register hold."""

    MILLIVOLT = "mV"
    CELSIUS = "°C"


@dataclass(frozen=True, slots=True)
class Register:
    """One numeric field of status, telemetry or history.

    quantity: the catalogue's name, or `vendor.alphaess.<name>` where there is none.
    decimals: how many the battery writes.
    zero:     how JSON frames write a zero where the decimals do not say; history rows never do.
    packed:   what the register packs beside pack and cell; `unpacked` is that value's quantity.
    """

    name: str
    unit: str
    decimals: int
    quantity: str
    zero: str = ""
    packed: Packed | None = None
    unpacked: str = ""


def vendor(name: str) -> str:
    """Return the quantity of a field the catalogue has no name for."""
    return f"vendor.alphaess.{name}"


def _own(unit: str, decimals: int, names: str, zero: str = "") -> tuple[Register, ...]:
    return tuple(Register(name, unit, decimals, vendor(name), zero) for name in names.split())


_TABLE: tuple[Register, ...] = (
    Register("Ppv1", "W", 0, "pv.power.string1"),
    Register("Ppv2", "W", 0, "pv.power.string2"),
    Register("Upv1", "V", 1, "pv.voltage.string1"),
    Register("Upv2", "V", 1, "pv.voltage.string2"),
    Register("Vpv1", "V", 1, "pv.voltage.string1"),  # history's name for Upv1
    Register("Vpv2", "V", 1, "pv.voltage.string2"),
    Register("Ua", "V", 1, "grid.voltage.l1"),
    Register("Ub", "V", 1, "grid.voltage.l2"),
    Register("Uc", "V", 1, "grid.voltage.l3"),
    Register("Fac", "Hz", 2, "grid.frequency"),
    Register("Tinv", "°C", 0, "inverter.temperature"),
    Register("EpvTotal", "kWh", 1, "pv.energy"),
    Register("Einput", "kWh", 2, "grid.import"),
    Register("Eoutput", "kWh", 2, "grid.export"),
    Register("Echarge", "kWh", 1, "battery.charged"),
    Register("EDischarge", "kWh", 1, "battery.discharged"),
    Register("EGridCharge", "kWh", 1, "battery.charged.grid"),
    Register("PmeterL1", "W", 0, "grid.power.l1"),
    Register("PmeterL2", "W", 0, "grid.power.l2"),
    Register("PmeterL3", "W", 0, "grid.power.l3"),
    Register("Pbat", "W", 4, "battery.power"),
    Register("SOC", "%", 1, "battery.soc"),
    Register("BatV", "V", 2, "battery.voltage"),
    Register("BatC", "A", 2, "battery.current"),
    Register("Eirp", "dBm", 0, "radio.rssi"),
    Register(
        "VcellLow", "", 0, vendor("VcellLow"), "", Packed.MILLIVOLT, "battery.cell.voltage.low"
    ),
    Register(
        "VcellHigh", "", 0, vendor("VcellHigh"), "", Packed.MILLIVOLT, "battery.cell.voltage.high"
    ),
    Register(
        "TcellLow", "", 0, vendor("TcellLow"), "", Packed.CELSIUS, "battery.cell.temperature.low"
    ),
    Register(
        "TcellHigh", "", 0, vendor("TcellHigh"), "", Packed.CELSIUS, "battery.cell.temperature.high"
    ),
    *_own("W", 0, "PrealL1 PacL1 PmeterDC PMeterDCL1 PMeterDCL2 PMeterDCL3 Pcharge Pdischarge"),
    # PacL2 is written without decimals when it carries a set-point.
    *_own("W", 0, "PrealL2 PrealL3 PacL2 PacL3", zero="0.0"),
    *_own("V", 0, "Ubus"),
    *_own("V", 1, "MeterDCUa MeterDCUb MeterDCUc"),
    *_own("V", 2, "InvBatV"),
    *_own("VA", 0, "Sva"),
    *_own("var", 0, "VarAC VarDC"),
    *_own("A", 2, "BatC1 BatC2 BatC3 BatC4 BatC5 BatC6"),
    *_own("%", 1, "SOC1 SOC2 SOC3 SOC4 SOC5 SOC6"),
    # Codes, bit fields, identifiers of packs in alarm, hardware versions, remote dispatch: integers
    # whose lists are unknown [U].
    *_own("", 0, "InvWorkMode FlagBms BmsWork BmsRelay BmsNum BmsShutdown"),
    *_own("", 0, "IdTempelover IdTempEover IdTempediffe IdChargcurre IdDischcurre"),
    *_own("", 0, "IdCellvolover IdCellvollower IdSoclower IdCellvoldiffe"),
    *_own("", 0, "ErrInv WarInv ErrEms ErrBms ErrMeter ErrBackupBox"),
    *_own("", 0, f"{_HARDWARE} {_DISPATCH}"),
)

REGISTERS: dict[str, Register] = {register.name: register for register in _TABLE}

# Fields of status, telemetry and history that are words, and those that say who and when.
TEXT_FIELDS = frozenset({"EmsStatus", "CSQ"})
IDENTITY_FIELDS = frozenset({"Date", "Time", "SN"})

# --- packed numbers, indices, times ---


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell or sensor of one pack: millivolts for voltages, °C (signed [A]) for temperatures."""

    pack: int
    cell: int
    value: int


def unpack_cell(packed: int, kind: Packed) -> Cell | None:
    """Return pack (8 bits), cell (8 bits), value (16 bits) [I]; None for what does not fit 32 bits.

    17042661 is pack 1, cell 4, 3301 mV.
    """
    if not 0 <= packed <= 0xFFFF_FFFF:
        return None
    value = packed & 0xFFFF
    if kind is Packed.CELSIUS and value & 0x8000:
        value -= 0x1_0000
    return Cell(packed >> 24, packed >> 16 & 0xFF, value)


def pack_cell(cell: Cell) -> int:
    """Return the 32-bit register of a cell; the inverse of `unpack_cell`."""
    return cell.pack << 24 | cell.cell << 16 | cell.value & 0xFFFF


_DAY_MS = 86_400_000


def decode_cmd_index(text: str) -> str | None:
    """Return the time of day a CmdIndex stands for: `"43210987"` is `"12:00:10.987"`.

    It counts milliseconds since midnight on the server's clock, which is UTC [I]. None for
    anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 8):
        return None
    milliseconds = int(text)
    if milliseconds >= _DAY_MS:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def encode_cmd_index(at: datetime) -> str:
    """Return the CmdIndex of an instant whose clock reads UTC."""
    seconds = (at.hour * 60 + at.minute) * 60 + at.second
    return str(seconds * 1000 + at.microsecond // 1000)


def parse_time(text: str) -> datetime | None:
    """Return `2025/06/01 12:00:20` as a naive local time; None for any other form or date."""
    if len(text) != 19 or text[4] != "/" or text[7] != "/" or text[10] != " ":
        return None
    if text[13] != ":" or text[16] != ":" or text[11:13] == "24":
        return None
    try:
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def format_time(at: datetime) -> str:
    """Return a local time as the battery writes it, cut to the second."""
    return f"{at.year:04}/{at.month:02}/{at.day:02} {at.hour:02}:{at.minute:02}:{at.second:02}"


def format_value(name: str, value: Decimal, *, history: bool = False) -> str:
    """Return a value as the battery writes it: fixed decimals, in JSON `0.0` for some zeros."""
    register = REGISTERS[name]
    if not value and register.zero and not history:
        return register.zero
    text = f"{value:.{register.decimals}f}"
    # Rounding may leave a minus in front of nothing; the battery never writes "-0".
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
