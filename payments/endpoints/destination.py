"""Where a webhook may be sent: public addresses, resolved once and connected to as resolved."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import msgspec

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host as text."""

URL_MAX: Final = 2000
LOOK_UP_MAX_S: Final = 5.0
_LOOK_UPS_AT_ONCE: Final = 64
_NOT_PUBLIC: Final = (
    "use a public address: private, loopback and link-local ones are sent to only when"
    " PAYMENTS_WEBHOOK_ALLOW_HOSTS names them"
)
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
        raise BadAddress(
            f"write at most {URL_MAX} characters without spaces, backslashes or letters beyond"
            " ASCII (a name as xn--…)"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("this is not a URL: write https://shop.example.com/hooks") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or not host:
        raise BadAddress("begin with https:// and name a host: https://shop.example.com/hooks")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadAddress("leave out user, password and fragment")
    is_allowed = host in policy.allowed_hosts
    if parts.scheme == "http" and policy.is_production and not is_allowed:
        raise BadAddress(
            "begin with https://: http is sent to hosts of PAYMENTS_WEBHOOK_ALLOW_HOSTS only"
        )
    if port is not None and port not in _PORTS:
        raise BadAddress("write a port from 1 to 65535, or none")
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
        raise BadAddress("write an address as 203.0.113.7 or [2001:db8::1]")


def literal(host: str) -> Address | None:
    """The address when the host is one. Raises `BadAddress` for a zone (`fe80::1%eth0`)."""
    if "%" in host:
        raise BadAddress("write an address without a zone, a name without %")
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
        raise BadAddress(_NOT_PUBLIC)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.packed[:12] == bytes(12) and int(address) > 1:
            return ipaddress.IPv4Address(address.packed[12:])
    return address


class Resolver:
    """Asks the system for the addresses of hosts, on threads of its own.

    One look-up a host at a time, shared by all who ask meanwhile: a name server that does not
    answer holds one thread, and the look-ups of other hosts go on.
    """

    def __init__(self, ask: Callable[[str, int], Sequence[str]] | None = None) -> None:
        """`ask` blocks; the system's resolver when None."""
        self._ask = ask or system_addresses
        self._threads = ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="webhook-dns")
        self._asked: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses. Raises OSError when there is none, or no answer in LOOK_UP_MAX_S."""
        key = (host, port)
        answer = self._asked.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = loop.run_in_executor(self._threads, self._ask, host, port)
            self._asked[key] = answer
            answer.add_done_callback(lambda done: self._forget(key, done))
        try:
            async with asyncio.timeout(LOOK_UP_MAX_S):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise OSError("the name server does not answer") from None

    def _forget(self, key: tuple[str, int], answer: asyncio.Future[Sequence[str]]) -> None:
        del self._asked[key]
        if not answer.cancelled():
            answer.exception()  # read, or asyncio reports it when nobody waits any more


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The system's answer. Raises OSError, also for what cannot be a host's name."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("this is no name of a host") from None
    return [str(answer[4][0]) for answer in answers]


async def address_of(place: Place, policy: Policy, look_up: Resolve) -> str:
    """The address to connect to. Raises `BadAddress` when any of the host's is not public.

    Whoever connects uses this very address: a name that answers otherwise a moment later is not
    asked again.
    """
    address = literal(place.host)
    try:
        answers = [place.host] if address is not None else await look_up(place.host, place.port)
    except OSError as error:
        reason = str(error) if error.errno is None else "the host has no address"
        raise BadAddress(f"{reason}: check its name") from None
    if not answers:
        raise BadAddress("the host has no address: check its name")
    if place.host not in policy.allowed_hosts:
        for text in answers:
            check(ipaddress.ip_address(text.partition("%")[0]), policy)
    return answers[0]
