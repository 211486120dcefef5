"""The actions of a PPC gateway by name; `logout` and `selftest`, which end the session, are not
among them.
"""

from __future__ import annotations

from collections.abc import Mapping

from mitmeter.devices.smgw.emulated import ppc_actions, ppc_tariff
from mitmeter.devices.smgw.emulated.ppc_actions import Action

ACTIONS: Mapping[str, Action] = {
    "meterform": ppc_actions.meterform,
    "showMeterProfile": ppc_actions.show_meter_profile,
    "showMeterValuesForm": ppc_actions.show_meter_values_form,
    "showMeterValues": ppc_actions.show_meter_values,
    "exportMeterValues": ppc_actions.export_meter_values,
    "exportMeterProfile": ppc_actions.export_meter_profile,
    "tariffform": ppc_tariff.tariff_form,
    "showTariffProfile": ppc_tariff.show_tariff_profile,
    "showTarificationForm": ppc_tariff.tarification_form,
    "showTarification": ppc_tariff.tarification,
    "showTarificationRegister": ppc_tariff.tarification_register,
    "commprofile": ppc_actions.communication,
    "log": ppc_actions.log,
    "exportLogData": ppc_actions.export_log,
    "swversions": ppc_actions.software,
}
