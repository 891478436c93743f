"""Network addresses of callers, in the groups in which they are counted."""

import ipaddress

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# One household or company commonly holds a whole network of this size in IPv6.
IPV6_GROUP_BITS = 64


def group_address(address: str) -> str | None:
    """Name the group of an address; None for this machine and for what is no address.

    An IPv4 address is a group of its own, of an IPv6 address its network of 64 bits.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None  # a Unix socket has no address
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return None
    if ip.version == 6:
        ip = ipaddress.ip_network(f"{ip}/{IPV6_GROUP_BITS}", strict=False).network_address
    return str(ip)


def is_loopback(address: str) -> bool:
    """Tell whether a caller is on this machine; who comes by a Unix socket has no address."""
    if address in ("127.0.0.1", ""):  # nearly always, and cheaper than reading it
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def is_within(address: str, networks: tuple[IPNetwork, ...]) -> bool:
    """Tell whether an address lies in one of the networks; what is no address does not."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)
