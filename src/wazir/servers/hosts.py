"""The names by which a server may be asked for, and the addresses it may listen on."""

import ipaddress
import re
from collections.abc import Iterable

from wazir.domain.errors import InvalidInputError

_LOOPBACK_NAMES = frozenset({"localhost"})
_HOST = re.compile(
    r"(?:\[(?P<literal>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?"
)


def check_bind(host: str, *, has_tokens: bool, insecure: bool) -> None:
    """Let pass an address on which a server may listen.

    On loopback only programs of this machine reach it; elsewhere it needs a token, or the word
    of whoever starts it.

    Raises:
        InvalidInputError: others could reach the server, and nobody would be asked who they are.
    """
    if is_loopback(host) or has_tokens or insecure:
        return
    raise InvalidInputError(
        f"others can reach {host or 'all addresses'}, and there is no token yet: anyone could read, "
        "change and delete all studies",
        hint="make a token with `wazir token create --project '*' --role admin` "
        "(and the same --storage), or listen on 127.0.0.1, or give --insecure if everyone "
        "who reaches the address may do anything",
    )


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach an address to listen on."""
    name = host.strip("[]").lower().rstrip(".")
    address = _address(name)
    return name in _LOOPBACK_NAMES if address is None else address.is_loopback


def host_name(header: str) -> str | None:
    """Return the name in a Host header or an authority, without its port; None: it has none."""
    match = _HOST.fullmatch(header.strip())
    if match is None:
        return None
    if match["name"] is not None:
        return match["name"].lower().rstrip(".")
    return _canonical(match["literal"])


class KnownHosts:
    """Decides whether a name in a request is one of this server's.

    A page from elsewhere can make a browser reach a server under a name of its own (DNS rebinding),
    never under a name that is here. Loopback names are known, and the address that is listened on;
    where that stands for all addresses of the machine, any number is, because a number cannot be
    rebound.

    Args:
        bound: what the server listens on, "" for all addresses.
        allowed: other names, without port.

    Raises:
        InvalidInputError: a name that cannot stand in a request.
    """

    def __init__(self, bound: str, allowed: Iterable[str] = ()) -> None:
        self._names = {_checked(name) for name in allowed} | _LOOPBACK_NAMES
        address = _address(bound.strip("[]"))
        self._is_any_number = not bound or (address is not None and address.is_unspecified)
        if not self._is_any_number:
            self._names.add(bound.lower().rstrip(".") if address is None else str(address))

    def knows(self, name: str) -> bool:
        """Return whether a name, as `host_name` returns it, is one of the server's."""
        if name in self._names:
            return True
        address = _address(name)
        return address is not None and (self._is_any_number or address.is_loopback)


def _checked(name: str) -> str:
    text = name.strip("[]")
    known = _canonical(text) if ":" in text else host_name(text)
    if known is None:
        raise InvalidInputError(
            f"the name of a host has letters, digits, '_', '-' and '.', and no port; got {name!r}",
            hint="write for example --allowed-host wazir.example.com",
        )
    return known


def _canonical(text: str) -> str | None:
    address = _address(text)
    return None if address is None else str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
