"""The text of systemd units for the parts of a fleet, and of the files with their settings. Pure.

Options of the sandbox are those that systemd 247 (Debian 11) knows. There is no MemoryDenyWriteExecute: ctypes, by
which processes are bound to each other, may write code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MARK = "# Written by phonefleet install-services; change it by a drop-in: systemctl edit "
VAR = "/var/lib/phonefleet"
TARGET = "phonefleet.target"
HARD_END_SECONDS = 60.0  # that a part takes to end beside its drain, at most


@dataclass(frozen=True, slots=True)
class Service:
    """A part as a service. Seconds: how long it may not give a sign of life, and how long its end may take."""

    name: str
    does: str
    watchdog: int
    end: int = 40
    keyed: bool = False  # it is given the master key
    phones: bool = False  # it drives phones: it reaches USB ports and the machine's /tmp


SERVICES: Mapping[str, Service] = {
    one.name: one
    for one in (
        # its zygote, when lost, takes up to 60 s to start again
        Service("host", "serves the phones of this machine", watchdog=120, phones=True),
        Service("coordinator", "keeps tickets and ledger together", watchdog=60),
        Service("gateway", "answers customers' systems", watchdog=60, keyed=True),
        Service("console", "shows people the shelf", watchdog=60),
        Service("deliver", "sends callbacks", watchdog=60, end=90, keyed=True),
    )
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where phonefleet is on this machine, and as whom it runs."""

    command: Sequence[str]  # what `phonefleet` is
    user: str
    settings: str  # the folder of the files with settings
    groups: Sequence[str] = ()  # that may open USB ports, of those that there are
    below_home: bool = False  # the command lies in somebody's home


def unit_name(service: Service) -> str:
    """Returns the name of its unit."""
    return f"phonefleet-{service.name}.service"


def unit(service: Service, place: Place, drain: float) -> str:
    """Returns the unit of one part. `drain`: the seconds that tasks may take to finish when the host stops."""
    name = unit_name(service)
    command = " ".join(map(_word, (*place.command, service.name)))
    end = int(max(service.end, drain + HARD_END_SECONDS if service.phones else 0))
    files = ["phonefleet.env", *(["master-key.env"] if service.keyed else [])]
    lines = [
        f"{MARK}{name}",
        "[Unit]",
        f"Description=phonefleet {service.name}: {service.does}",
        "Wants=network-online.target",
        "After=network-online.target mariadb.service mysql.service redis-server.service redis.service",
        f"PartOf={TARGET}",
        "# it is tried for ever: what it waits for may come back",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={command}",
        *(f"EnvironmentFile={_path(f'{place.settings}/{file}')}" for file in files),
        f"Environment=PHONEFLEET_VAR={VAR} HOME={VAR}",
        f"User={place.user}",
        f"WorkingDirectory={VAR}",
        "StateDirectory=phonefleet",
        "StateDirectoryMode=0700",
        "UMask=0077",
        "Restart=always",
        "RestartSec=2",
        "# settings that are refused: a person must mend them",
        "RestartPreventExitStatus=2",
        f"WatchdogSec={service.watchdog}",
        "TimeoutStartSec=120",
        f"TimeoutStopSec={end}",
        "# the part ends its own processes; what stays is killed with it",
        "KillMode=mixed",
        "LimitNOFILE=65536",
        "",
        *_sandbox(service, place),
        "",
        "[Install]",
        f"WantedBy={TARGET}",
    ]
    return "\n".join(lines) + "\n"


def _sandbox(service: Service, place: Place) -> list[str]:
    families = "AF_UNIX AF_INET AF_INET6" + (" AF_NETLINK" if service.phones else "")
    devices = ["PrivateDevices=yes", "PrivateTmp=yes"]
    if service.phones:
        devices = [
            "# phones at USB ports; and one host agent for each adb server, which a lock in /tmp tells",
            "DevicePolicy=closed",
            "DeviceAllow=char-usb_device rw",
            *([f"SupplementaryGroups={' '.join(place.groups)}"] if place.groups else []),
            "ReadWritePaths=/tmp",
        ]
    return [
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        f"ProtectHome={'read-only' if place.below_home else 'yes'}",
        *devices,
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
        "ProtectClock=yes" if not service.phones else "# no ProtectClock: it would close the USB ports as well",
        "ProtectHostname=yes",
        "ProtectProc=invisible",
        f"RestrictAddressFamilies={families}",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
    ]


def target(services: Sequence[Service]) -> str:
    """Returns the target that starts and stops all of them."""
    return "\n".join(
        (
            f"{MARK}{TARGET}",
            "[Unit]",
            "Description=phonefleet: the parts of the fleet on this machine",
            f"Wants={' '.join(map(unit_name, services))}",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        )
    )


SETTINGS = """\
# Read by every part. docs/commands.md lists all variables. Only root need read this file.
# For servers on other machines, with TLS: docs/operations.md
#PHONEFLEET_DATABASE_URL='mysql+mysqldb://phonefleet:PASSWORD@127.0.0.1/phonefleet'
#PHONEFLEET_REDIS_URL='redis://fleet:PASSWORD@127.0.0.1:6379/0'
#PHONEFLEET_PROFILE=/etc/phonefleet/app.yaml
#PHONEFLEET_ADB_CONNECT=
"""

MASTER_KEY = """\
# Only the gateway and the delivery worker read it. Make it: head -c 32 /dev/urandom | base64
#PHONEFLEET_MASTER_KEY=
"""


def _word(word: str) -> str:
    """Returns a word of a command as systemd reads it: quoted where it must be, without its specifiers."""
    plain = word.replace("%", "%%").replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"' if any(sign in " \t'\"\\;" for sign in word) else plain


def _path(path: str) -> str:
    return path.replace("%", "%%")
