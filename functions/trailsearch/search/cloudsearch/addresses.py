"""The addresses of a network as texts: CloudSearch knows no IP addresses, only how a text begins.

IPv6 addresses are taken to be written as RFC 5952 says, which CloudTrail does: the longest run of groups that are zero,
of two or more, is ``::``. https://www.rfc-editor.org/rfc/rfc5952#section-4
"""

from ipaddress import IPv4Network, IPv6Network
from typing import Final, NamedTuple

from trailsearch.search.queries import QueryRefused

_BITS_OF_A_GROUP: Final = {4: 8, 6: 16}
_LARGEST: Final = 256
"""So many networks, or addresses, one is taken apart into."""


class Texts(NamedTuple):
    """Addresses: those that are these texts, and those that begin so."""

    whole: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()


def texts_within(network: IPv4Network | IPv6Network) -> Texts:
    """Say by which texts the addresses of a network are found: all of them, and no others.

    Raises:
        QueryRefused: that takes too many texts, or the texts are those of other addresses, too.
    """
    if network.prefixlen == network.max_prefixlen:
        return Texts(whole=(str(network.network_address),))
    bits = _BITS_OF_A_GROUP[network.version]
    groups = -(-network.prefixlen // bits) or 1
    if 1 << (groups * bits - network.prefixlen) > _LARGEST:
        raise QueryRefused(
            f"{network} is too wide for CloudSearch, which knows addresses as texts: ask for /{groups * bits - 8} or more"
        )
    parts: list[IPv4Network | IPv6Network] = [*network.subnets(new_prefix=groups * bits)]
    if groups * bits == network.max_prefixlen:
        return Texts(whole=tuple(str(part.network_address) for part in parts))
    return Texts(beginnings=tuple(text for part in parts for text in _beginnings(part, groups)))


def _beginnings(network: IPv4Network | IPv6Network, groups: int) -> list[str]:
    """Give the beginnings of the addresses of a network that is so many whole groups."""
    if isinstance(network, IPv4Network):
        return [".".join(str(network.network_address).split(".")[:groups]) + "."]
    fixed = [f"{int(group, 16):x}" for group in network.network_address.exploded.split(":")[:groups]]
    nonzero = "".join("0" if group == "0" else "x" for group in fixed)
    at_end = len(nonzero) - len(nonzero.rstrip("0"))
    # What :: stands for cannot be told from how a text begins, unless it is two groups that begin with the last but one.
    if at_end > 2 or "00" in nonzero[: len(nonzero) - at_end]:
        raise QueryRefused(
            f"{network}: CloudSearch knows addresses as texts, and of this network how they begin does not tell them apart"
        )
    shown = [":".join(fixed) + ":"]
    if at_end:
        shown.append(":".join(fixed[: groups - at_end]) + "::")
    return shown
