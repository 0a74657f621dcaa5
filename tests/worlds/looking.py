"""Looking at a machine on a network in memory, for a diagnosis."""

from __future__ import annotations

from muster.base.errors import Code, Unreachable
from muster.client.core.diagnosis import HomeAccess
from muster.client.core.discovery import Address
from tests.worlds.network_world import Network


class Looking:
    """`Inspection` of a network in memory: hosts that are not there accept nothing, closed ones refuse."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.access = HomeAccess("/state", is_writable=True, is_own=True)

    def home(self) -> HomeAccess:
        return self.access

    async def reach(self, address: Address, number: str) -> None:
        if address not in self.network.hosts:
            raise Unreachable(Code.HOST_UNREACHABLE, f"{address} ({number}) does not accept connections")
