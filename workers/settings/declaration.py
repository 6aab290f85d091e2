"""The environment variables of a phonefleet process: name, default, reader and remedy of each.

Every variable begins with `PHONEFLEET_`. A value that cannot be used raises `SettingsError`, which
names the variable, the reason and the remedy. Not by pydantic-settings: docs/decisions/settings.md says why.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from workers.settings import flow_lists, mail, servers, values
from workers.settings.mail import Smtp
from workers.settings.values import Network
from workers.settings.variable import Variable, variable

# Standard Webhooks' schedule: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after the try before.
STANDARD_SCHEDULE = "5,300,1800,7200,18000,36000,50400,72000,86400"


def _host_name(_var: Path) -> str:
    """Returns the machine's name, with a dash for each sign that a worker's name cannot hold."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._")[:63] or "localhost"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. Times are seconds. Variables are read in this order."""

    var: Path = variable("PHONEFLEET_VAR", "var", Path, "Name a directory that may be written.")
    database_url: str = variable(
        "PHONEFLEET_DATABASE_URL",
        lambda var: f"sqlite:///{var / 'phonefleet.db'}",
        servers.database_url,
        "Write e.g. sqlite:///var/phonefleet.db or mysql+mysqldb://user:password@host/phonefleet.",
    )
    database_ddl_url: str | None = variable(
        "PHONEFLEET_DATABASE_DDL_URL",
        "",
        servers.database_url_or_none,
        "Name the same database with a user that may change its tables, or leave it out.",
    )
    redis_url: str = variable(
        "PHONEFLEET_REDIS_URL", "redis://127.0.0.1:6379/0", servers.redis_url, "Write e.g. redis://127.0.0.1:6379/0."
    )
    adb_port: int = variable("PHONEFLEET_ADB_PORT", "5038", values.adb_port, "Choose a free port, e.g. 5038.")
    adb_connect: tuple[str, ...] = variable(
        "PHONEFLEET_ADB_CONNECT", "", values.addresses, "List host:port addresses separated by commas."
    )
    adb_usb: bool = variable(
        "PHONEFLEET_ADB_USB", "1", values.switch, "Write 0 to leave phones at this machine's USB ports alone."
    )
    phone_names: Mapping[str, str] = variable(
        "PHONEFLEET_PHONE_NAMES",
        "",
        values.phone_names,
        "Write e.g. usb:1-4=left,10.0.0.7:5555=right for phones whose serials are equal.",
    )
    profile: str = variable(
        "PHONEFLEET_PROFILE", "practice", values.text, "Name a profile that phonefleet ships, or a YAML file."
    )
    timezone: ZoneInfo = variable(
        "PHONEFLEET_TIMEZONE", "Asia/Shanghai", values.timezone, "Take a name of the IANA list, e.g. Asia/Shanghai."
    )
    language: str = variable(
        "PHONEFLEET_LANG",
        "auto",
        values.language,
        "Write zh or en; auto for that of the browser or the locale.",
    )
    host: str = variable(
        "PHONEFLEET_HOST", _host_name, values.host, "Give this machine a short name that no other one has."
    )
    desks: int = variable(
        "PHONEFLEET_DESKS", "1", values.whole_between(0, 64), "Say how many workers serve tasks that touch no phone."
    )
    rehearsals: int = variable("PHONEFLEET_REHEARSALS", "20", values.whole_between(0, 100), "20 suits most hosts.")
    merge_memory: bool = variable("PHONEFLEET_MERGE_MEMORY", "0", values.switch, "Write 1 to let Linux merge memory.")
    lease: float = variable("PHONEFLEET_LEASE", "3.5", values.seconds(2, 600), "A lease of 3.5 suits most fleets.")
    heartbeat: float = variable(
        "PHONEFLEET_HEARTBEAT", "30", values.seconds(1, 300), "Flower forgets a worker two heartbeats late; take 30."
    )
    drain: float = variable(
        "PHONEFLEET_DRAIN", "20", values.seconds(0, 3600), "Say how long workers may finish when the host stops."
    )
    health: float = variable(
        "PHONEFLEET_HEALTH", "30", values.seconds(1, 3600), "Say how often a phone is asked how it is; 30 suits most."
    )
    task_modules: tuple[str, ...] = variable(
        "PHONEFLEET_TASKS", "workers.tasks", values.modules, "List modules whose Celery tasks the workers serve."
    )
    flow_folders: tuple[Path, ...] = variable(
        "PHONEFLEET_FLOWS", "", values.folders, "List folders of flow packages, separated by commas, or leave it out."
    )
    most_accounts: int = variable(
        "PHONEFLEET_MOST_ACCOUNTS",
        "10000",
        values.whole_between(1, 1_000_000),
        "Say how many accounts a campaign file may name; accounts: all has no limit.",
    )
    most_authors: int = variable(
        "PHONEFLEET_MOST_AUTHORS",
        "1000",
        values.whole_between(1, 1_000_000),
        "Say how many authors a campaign file may name.",
    )
    most_tasks: int = variable(
        "PHONEFLEET_MOST_TASKS",
        "100000",
        values.whole_between(1, 10_000_000),
        "Say how many tasks one campaign may have, with those that its tasks put in their places.",
    )
    campaign_mb: int = variable(
        "PHONEFLEET_CAMPAIGN_MB",
        "256",
        values.whole_between(1, 1_000_000),
        "Say how many megabytes of parameters and results the ledger keeps for one campaign.",
    )
    key_mb_a_day: int = variable(
        "PHONEFLEET_KEY_MB_A_DAY",
        "2000",
        values.whole_between(1, 1_000_000),
        "Say how many megabytes of parameters and results a key may store in one day.",
    )
    operator_weight: int = variable(
        "PHONEFLEET_OPERATOR_WEIGHT",
        "1",
        values.whole_between(1, 100),
        "Say how many times a customer's share the operator's own tasks have, while both wait for phones.",
    )
    log_level: int = variable(
        "PHONEFLEET_LOG", "INFO", values.log_level, "Take DEBUG, INFO, WARNING or ERROR; INFO suits most."
    )
    log_flows: Mapping[str, int] = variable(
        "PHONEFLEET_LOG_FLOWS", "", values.log_flows, "Write e.g. nurture=DEBUG,directed=WARNING, or leave it out."
    )
    log_format: str = variable(
        "PHONEFLEET_LOG_FORMAT",
        "auto",
        values.one_of("auto", "json", "text"),
        "Take json, text, or auto: text on a terminal, else json.",
    )
    metrics: tuple[str, int] | None = variable(
        "PHONEFLEET_METRICS", "", values.listening, "Write e.g. 127.0.0.1:9464, or leave it out."
    )
    evidence: str = variable(
        "PHONEFLEET_EVIDENCE",
        lambda var: str(var / "evidence"),
        values.evidence,
        "Name a folder, or s3://bucket/prefix.",
    )
    film: tuple[str, ...] = variable(
        "PHONEFLEET_FILM", "", flow_lists.flow_names, "List flows such as directed,collect_titles, or write all."
    )
    record: tuple[str, ...] = variable(
        "PHONEFLEET_RECORD", "", flow_lists.flow_names, "List flows such as directed,collect_titles, or write all."
    )
    evidence_days: int = variable(
        "PHONEFLEET_EVIDENCE_DAYS",
        "30",
        values.whole_between(0, 3650, "days"),
        "Say after how many days evidence is deleted; 0 for never.",
    )
    keep_task_days: int = variable(
        "PHONEFLEET_KEEP_TASK_DAYS",
        "0",
        values.whole_between(0, 3650, "days"),
        "Say after how many days ended campaigns are deleted, with their tasks and attempts; 0 for never.",
    )
    keep_comment_days: int = variable(
        "PHONEFLEET_KEEP_COMMENT_DAYS",
        "0",
        values.whole_between(0, 3650, "days"),
        "Say after how many days collected comments are deleted; 0 for never.",
    )
    keep_record_days: int = variable(
        "PHONEFLEET_KEEP_RECORD_DAYS",
        "0",
        values.whole_between(0, 3650, "days"),
        "Say after how many days records are deleted; 0 for never.",
    )
    master_key: bytes | None = variable(
        "PHONEFLEET_MASTER_KEY", "", values.key_bytes, "Make one: head -c 32 /dev/urandom | base64.", secret=True
    )
    old_master_key: bytes | None = variable(
        "PHONEFLEET_OLD_MASTER_KEY", "", values.key_bytes, "Give the one before, or leave it out.", secret=True
    )
    callback_ca: Path | None = variable(
        "PHONEFLEET_CALLBACK_CA", "", values.file, "Name a PEM file of the authorities that sign receivers."
    )
    callback_networks: tuple[Network, ...] = variable(
        "PHONEFLEET_CALLBACK_NETWORKS", "", values.networks, "List networks such as 10.1.0.0/16, separated by commas."
    )
    delivery_schedule: tuple[float, ...] = variable(
        "PHONEFLEET_DELIVERY_SCHEDULE", STANDARD_SCHEDULE, values.schedule, "List seconds, separated by commas."
    )
    delivery_timeout: float = variable(
        "PHONEFLEET_DELIVERY_TIMEOUT", "15", values.seconds(0.1, 60), "15 to 30 seconds are what receivers expect."
    )
    deliveries_at_once: int = variable(
        "PHONEFLEET_DELIVERIES",
        "64",
        values.whole_between(2, 512),
        "Say how many callbacks a delivery worker sends at once, beside the first one of each lane.",
    )
    evidence_downloads: int = variable(
        "PHONEFLEET_EVIDENCE_DOWNLOADS",
        "8",
        values.whole_between(1, 64),
        "Say how many files of evidence one key may fetch at once from a gateway process.",
    )
    smtp: Smtp | None = variable(
        "PHONEFLEET_SMTP_URL",
        "",
        mail.mail_server,
        "Write e.g. smtps://user:password@mail.example, or smtp:// for STARTTLS.",
        secret=True,
    )
    smtp_from: str = variable(
        "PHONEFLEET_SMTP_FROM", "", mail.mail_address, "Write the address that sends, e.g. fleet@example.com."
    )
    exports: Path = variable(
        "PHONEFLEET_EXPORTS",
        lambda var: str(var / "exports"),
        Path,
        "Name a directory that may be written, the same for all gateways.",
    )
    export_days: int = variable(
        "PHONEFLEET_EXPORT_DAYS",
        "7",
        values.whole_between(0, 3650, "days"),
        "Say after how many days exports are deleted; 0 for never.",
    )
    exports_a_day: int = variable(
        "PHONEFLEET_EXPORTS_A_DAY",
        "20",
        values.whole_between(0, 10_000),
        "Say how many exports a customer's key may ask for within 24 hours; 0 for none.",
    )
    sandbox: bool = variable(
        "PHONEFLEET_SANDBOX", "0", values.switch, "Write 1 where this host's phones are simulated, for sandbox keys."
    )
    connections: int = variable(
        "PHONEFLEET_CONNECTIONS",
        "800",
        values.whole_between(10, 100_000),
        "Say how many connections one gateway process may have; 800 suits 1024 open files.",
    )
    connections_per_address: int = variable(
        "PHONEFLEET_CONNECTIONS_PER_ADDRESS",
        "100",
        values.whole_between(0, 100_000),
        "Say how many connections one address may have; 0 for no limit, where a proxy limits them.",
    )
    tls_handshake: float = variable(
        "PHONEFLEET_TLS_HANDSHAKE", "10", values.seconds(1, 60), "Say how long a TLS handshake may take; 10 suits most."
    )
    body_bytes: int = variable(
        "PHONEFLEET_BODY_BYTES",
        "16000000",
        values.whole_between(2_000_000, 999_999_999),
        "Say how many bytes all bodies that a gateway process reads may have; one body has at most 1000000.",
    )
    answer_bytes: int = variable(
        "PHONEFLEET_ANSWER_BYTES",
        "16000000",
        values.whole_between(12_000_000, 999_999_999),
        "Say how many bytes all answers above 65536 bytes that are being read may have; one key has half of them.",
    )
    shared_rate: bool = variable(
        "PHONEFLEET_SHARED_RATE",
        "1",
        values.switch,
        "Write 0 to let each gateway process count a key's requests for itself.",
    )
    plain_json: bool = variable(
        "PHONEFLEET_PLAIN_JSON", "0", values.switch, "Write 1 to let every key send and get plain JSON."
    )


def read_settings(env: Mapping[str, str]) -> Settings:
    """Returns the settings that `env` gives, defaults filled in. Raises SettingsError."""
    chosen: dict[str, Any] = {}
    for one in fields(Settings):
        declared: Variable = one.metadata["variable"]
        chosen[one.name] = declared.value(env, chosen.get("var", Path()))
    return Settings(**chosen)


@cache
def settings() -> Settings:
    """Returns the settings of this process's environment, read once. Raises SettingsError."""
    return read_settings(os.environ)
