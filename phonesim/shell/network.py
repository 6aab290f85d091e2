"""Commands that tell of the phone's network: addresses, routes, ping."""

from __future__ import annotations

from phonesim.shell.command import Call, Result, failed, said


async def ifconfig(call: Call) -> Result:
    if call.args[:1] != ["wlan0"]:
        return failed(f"ifconfig: {' '.join(call.args[:1])}: No such device")
    address = f"          inet addr:{call.device.ip}  Bcast:192.168.255.255  Mask:255.255.0.0\n"
    return said(f"wlan0     Link encap:Ethernet\n{address if call.device.network else ''}          UP\n")


async def ip(call: Call) -> Result:
    """`ip addr` of the one interface, `ip route` of the one net."""
    if not call.device.network:
        return said("3: wlan0: <BROADCAST,MULTICAST> mtu 1500 state DOWN")
    if "route" in call.args:
        return said(f"192.168.0.0/16 dev wlan0 proto kernel scope link src {call.device.ip}")
    return said(
        f"3: wlan0: <BROADCAST,MULTICAST,UP> mtu 1500 state UP\n    inet {call.device.ip}/16 scope global wlan0"
    )


async def ping(call: Call) -> Result:
    if not call.device.network:
        return failed("connect: Network is unreachable", 2)
    return said("1 packets transmitted, 1 received, 0% packet loss, time 0ms")
