"""Which hosts messages may go to, and which addresses a host may have."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _
from thammuu.printable import printable

if TYPE_CHECKING:
    from thammuu.settings import Settings

_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        # the last one is a platform's own, which answers its guests alone:
        # https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16
        *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
        # addresses that hold an IPv4 address, and what no host on the Internet has: RFC 6890 and the registry it began
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
"""Beside what Python itself calls private; its own list has changed between releases."""
_NUMBER: Final = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?")
_VISIBLE: Final = re.compile(r"[^\s\x00-\x20\x7f-\x9f]+")
_LABELS: Final = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)")
_SHOWN: Final = 200


def is_public(address: str) -> bool:
    """Tell whether an address is one of the Internet and not of the own network, the machine or a translator.

    Args:
        address: As a resolver returns it; anything else is not public.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in _GLOBAL_UNICAST or ip.scope_id):
        return False
    return (
        ip.is_global and not ip.is_multicast and not any(ip in one for one in _NOT_PUBLIC if one.version == ip.version)
    )


_OWN: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
        *("fc00::/7", "::1/128"),
    )
)
"""What a host inside may have. Not link-local ones: a platform gives away its keys there."""


def is_inside(address: str) -> bool:
    """Tell whether an address is one that hosts of the own network have, or the machine itself.

    Args:
        address: As a resolver returns it; anything else is not inside.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip in _METADATA or (isinstance(ip, ipaddress.IPv6Address) and ip.scope_id):
        return False
    return any(ip in one for one in _OWN if one.version == ip.version)


_METADATA: Final = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254")))
"""Where platforms give away their keys at an address that looks like one of the own network."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Names of hosts: exact ones, and endings that begin with a dot."""

    exact: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()

    def hold(self, host: str) -> bool:
        """Tell whether a host, as :func:`host_of` writes it, is one of them."""
        return host in self.exact or (bool(self.endings) and host.endswith(self.endings))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where messages may go.

    Args:
        hosts: All hosts.
        private: Those of them that may have an address of the own network, and be spoken to without TLS.
    """

    hosts: Hosts
    private: Hosts

    def fault_of(self, url: str) -> str | None:
        """Return what is wrong with where an address leads, in words, or None; asks nobody.

        Args:
            url: The address; it is not repeated, it may hold a secret.
        """
        try:
            parts = urlsplit(url)
            port, written = parts.port, parts.hostname or ""
        except ValueError:
            return _("the address is none")
        host = host_of(written)
        if parts.scheme not in {"http", "https"} or host is None or port == 0 or not _VISIBLE.fullmatch(url):
            return _("the address is none")
        if "@" in parts.netloc or "\\" in url:
            return _("the address holds a user name or a backslash")
        return self.fault_of_host(host, plain=parts.scheme == "http")

    def fault_of_host(self, host: str, *, plain: bool = False) -> str | None:
        """Return why a host may not be spoken to, in words, or None.

        Args:
            host: As :func:`host_of` writes it.
            plain: Without TLS.
        """
        if not self.hosts.hold(host):
            return _("the host {host} is not among THAMMUU_DELIVERY_HOSTS").format(host=host)
        if plain and not self.private.hold(host):
            return _("only a host among THAMMUU_DELIVERY_PRIVATE_HOSTS may be spoken to without TLS (https)")
        return None


def host_of(text: str) -> str | None:
    """Return a host's name in lower case and ASCII, an address in its one canonical form; None if it is none.

    Decimal, octal, hexadecimal and shortened forms of IPv4 addresses, which many programs understand, are none.

    Args:
        text: The name, without a port.
    """
    bare = text.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare)) if "%" not in bare else None
    except ValueError:
        pass
    name = text.removesuffix(".")
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    name = name.lower()
    if not _LABELS.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        return None
    return name


def allowed_of(settings: Settings) -> Allowed:
    """Return where messages may go.

    Raises:
        BadInputError: With every entry that is no host, and private ones that are not among the hosts at all.
    """
    problems: list[Problem] = []
    hosts = _hosts("THAMMUU_DELIVERY_HOSTS", settings.delivery_hosts, problems)
    private = _hosts("THAMMUU_DELIVERY_PRIVATE_HOSTS", settings.delivery_private_hosts, problems)
    outside = [one for one in sorted(private.exact) if not hosts.hold(one)]
    outside += [f"*{one}" for one in private.endings if not hosts.hold(f"x{one}")]
    problems += [
        Problem("private-host-not-a-host", _("a host that THAMMUU_DELIVERY_HOSTS names too"), value=one)
        for one in outside
    ]
    if problems:
        raise BadInputError(_("The hosts that messages may go to cannot be read."), problems)
    return Allowed(hosts, private)


def _hosts(setting: str, text: str, problems: list[Problem]) -> Hosts:
    exact, endings = set(), []
    for entry in filter(None, (one.strip() for one in text.split(","))):
        host = host_of(entry.removeprefix("*."))
        if host is None or (entry.startswith("*.") and "." not in host):
            expected = _("{setting}: names such as chat.example.org or *.example.org").format(setting=setting)
            problems.append(Problem("bad-host", expected, value=printable(entry[:_SHOWN])))
        elif entry.startswith("*."):
            endings.append(f".{host}")
        else:
            exact.add(host)
    return Hosts(frozenset(exact), tuple(endings))
