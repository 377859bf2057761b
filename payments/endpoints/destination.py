"""Where a webhook may be sent: public addresses, resolved once and connected to as resolved."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host as text."""

URL_MAX: Final = 2000
_PORTS: Final = range(1, 65536)
_CARRYING_V4: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 that leads to an IPv4 address: NAT64, 6to4, Teredo."""


class BadAddress(Exception):
    """A webhook must not go there; the text says why."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`allowed_hosts` may be http and private; `is_production`: nothing else may."""

    is_production: bool
    allowed_hosts: frozenset[str] = frozenset()


class Place(msgspec.Struct, frozen=True):
    """A checked URL in parts."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def policy_of(*, is_production: bool, allow_hosts: str) -> Policy:
    """`allow_hosts`: names or addresses with commas between them."""
    hosts = frozenset(h.strip().lower().rstrip(".") for h in allow_hosts.split(",") if h.strip())
    return Policy(is_production=is_production, allowed_hosts=hosts)


def place_of(url: str, policy: Policy) -> Place:
    """The parts of a URL that may be an endpoint's, not looked up yet. Raises `BadAddress`."""
    if (
        len(url) > URL_MAX
        or not url.isascii()
        or not url.isprintable()
        or " " in url
        or "\\" in url
    ):
        raise BadAddress("a URL has no spaces, backslashes or letters beyond ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("this is no URL") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or not host:
        raise BadAddress("a URL begins with https:// and names a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadAddress("a URL has no user, password or fragment")
    is_allowed = host in policy.allowed_hosts
    if parts.scheme == "http" and policy.is_production and not is_allowed:
        raise BadAddress("only https:// is sent to")
    if port is not None and port not in _PORTS:
        raise BadAddress("this is no port")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    place = Place(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), target)
    if not is_allowed:
        _check_spelling(host, policy)
    return place


def _check_spelling(host: str, policy: Policy) -> None:
    """Numbers are addresses to some resolvers: 2130706433, 0x7f.1, 0177.0.0.1."""
    address = literal(host)
    if address is not None:
        check(address, policy)
        return
    last = host.rsplit(".", 1)[-1]
    if last.isdecimal() or last.startswith("0x"):
        raise BadAddress("an address is written as 203.0.113.7 or [2001:db8::1]")


def literal(host: str) -> Address | None:
    """The address when the host is one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check(address: Address, policy: Policy) -> None:
    """Raise `BadAddress` for what is not a public address (loopback is one in development)."""
    real = unwrapped(address)
    if real.is_loopback and not policy.is_production:
        return
    is_inside = isinstance(real, ipaddress.IPv6Address) and any(real in n for n in _CARRYING_V4)
    if not real.is_global or real.is_multicast or real.is_reserved or is_inside:
        raise BadAddress("private, loopback and link-local addresses are not sent to")


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.packed[:12] == bytes(12) and int(address) > 1:
            return ipaddress.IPv4Address(address.packed[12:])
    return address


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


async def address_of(place: Place, policy: Policy, look_up: Resolve = resolve) -> str:
    """The address to connect to. Raises `BadAddress` when any of the host's is not public.

    Whoever connects uses this very address: a name that answers otherwise a moment later is not
    asked again.
    """
    known = literal(place.host)
    try:
        found = [place.host] if known is not None else await look_up(place.host, place.port)
    except OSError:
        raise BadAddress("the host has no address") from None
    if not found:
        raise BadAddress("the host has no address")
    if place.host not in policy.allowed_hosts:
        for text in found:
            check(ipaddress.ip_address(text.partition("%")[0]), policy)
    return found[0]
