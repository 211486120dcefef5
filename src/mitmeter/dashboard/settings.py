"""How the window is served: what the daemon's plan comes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """names: host names that lead here, beside addresses and localhost; lower case.

    port:         the port in use; part of the cookie's name, as cookies know no ports.
    secure:       served over TLS.
    ingress:      the address of a proxy that has let people in already, "" for none.
    only_ingress: nobody but the ingress and this machine itself is let in.
    read_only:    no commands, whatever the token.
    """

    port: int
    names: frozenset[str] = frozenset()
    secure: bool = False
    ingress: str = ""
    only_ingress: bool = False
    read_only: bool = False

    @property
    def cookie(self) -> str:
        return f"mitmeter-{self.port}"
