"""Gateways that are not there: what the three makes say at their consumer interface.

Everything a gateway remembers between connections lies in the unit's memory; what it measures comes
from the simulated house. What the fact sheet leaves open is a switch.
"""
