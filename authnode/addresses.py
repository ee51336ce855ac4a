"""The names and addresses under which this machine is reached."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import socket
import struct

SIOCGIFADDR = 0x8915
LOOPBACK = ["127.0.0.1", "::1"]


def host_names() -> list[str]:
    """This machine's own name, and the one that multicast DNS gives it on a home network."""
    name = socket.gethostname().lower()
    return [name] if "." in name or name == "localhost" else [name, f"{name}.local"]


def lan_addresses() -> list[str]:
    """This machine's IPv4 addresses as others see them, that of the default route first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Connecting a datagram socket sends nothing: the kernel only looks up the route.
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
            found.append(probe.getsockname()[0])
        for _, interface in socket.if_nameindex():
            request = struct.pack("256s", interface.encode()[:15])
            with contextlib.suppress(OSError):  # an interface without an IPv4 address
                answer = fcntl.ioctl(probe, SIOCGIFADDR, request)
                found.append(socket.inet_ntoa(answer[20:24]))
    return [each for each in dict.fromkeys(found) if not ipaddress.ip_address(each).is_loopback]
