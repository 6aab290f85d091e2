"""Settings from the environment: defaults, and refusals that say what to do."""

from __future__ import annotations

import pytest

from workers.settings import SettingsError, read_settings


def test_an_empty_environment_gives_the_embedded_defaults() -> None:
    chosen = read_settings({})
    assert chosen.database_url == "sqlite:///var/phonefleet.db"
    assert chosen.redis_url == "redis://127.0.0.1:6379/0"
    assert (chosen.adb_port, chosen.adb_connect, chosen.adb_usb) == (5038, (), True)
    assert (str(chosen.timezone), str(chosen.var), chosen.desks) == ("Asia/Shanghai", "var", 1)
    assert chosen.host


def test_the_database_lies_in_the_var_directory_unless_it_is_named() -> None:
    assert read_settings({"PHONEFLEET_VAR": "/data"}).database_url == "sqlite:////data/phonefleet.db"


def test_addresses_are_split_completed_and_told_apart() -> None:
    chosen = read_settings({"PHONEFLEET_ADB_CONNECT": " 10.0.0.7 , 10.0.0.8:5600,,10.0.0.7:5555"})
    assert chosen.adb_connect == ("10.0.0.7:5555", "10.0.0.8:5600")
    chosen = read_settings({"PHONEFLEET_ADB_CONNECT": "[fe80::1]:5600,[::1]"})
    assert chosen.adb_connect == ("[fe80::1]:5600", "[::1]:5555")


@pytest.mark.parametrize(
    "url",
    [
        "mysql+mysqldb://root:geh/eim@db/x",
        "mysql://root:geheim?@db/x",
        "mysql+mysqldb://root:geheim@db：3306/x",
        "mysql+mysqldb://root:geheim@db:x/x",
        "mysql+pymysql://root:geheim@db/x",
    ],
)
def test_no_refusal_of_an_address_shows_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({"PHONEFLEET_DATABASE_URL": url})
    assert "geh" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PHONEFLEET_ADB_PORT", "5037", "belongs to the stock adb server"),
        ("PHONEFLEET_ADB_PORT", "adb", "'adb' is not a number"),
        ("PHONEFLEET_ADB_PORT", "70000", "is not a port"),
        ("PHONEFLEET_ADB_CONNECT", "10.0.0.7:x", "is not a number"),
        ("PHONEFLEET_ADB_CONNECT", "a:5555，b:5555", "holds '，', which stands in no address"),
        ("PHONEFLEET_ADB_CONNECT", "a：5555", "holds '：'"),
        ("PHONEFLEET_ADB_CONNECT", "a:5555;b:5555", "holds ';'"),
        ("PHONEFLEET_ADB_CONNECT", "a:5555 b:5555", "holds ' '"),
        ("PHONEFLEET_ADB_CONNECT", "http://a:5555", "holds '://'"),
        ("PHONEFLEET_ADB_CONNECT", "a:70000", "is not a port"),
        ("PHONEFLEET_ADB_CONNECT", "a:５５５５", "holds '５'"),
        ("PHONEFLEET_DATABASE_URL", "mysql://", "names no host"),
        ("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://root@/phonefleet", "names no host"),
        ("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://root@db", "names no database"),
        ("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://root@db:x/phonefleet", "has a port that is none"),
        ("PHONEFLEET_DATABASE_URL", "mysql+pymysql://root@db/phonefleet", "asks for the driver pymysql"),
        ("PHONEFLEET_REDIS_URL", "redis://", "names no host"),
        ("PHONEFLEET_REDIS_URL", "redis://h:99999/0", "has a port that is none"),
        ("PHONEFLEET_REDIS_URL", "redis://h:0/0", "has a port that is none"),
        ("PHONEFLEET_REDIS_URL", "redis://h：6379/0", "such as a full-width colon"),
        ("PHONEFLEET_REDIS_URL", "redis://h，b:6379/0", "holds '，', which stands in no host's name"),
        ("PHONEFLEET_REDIS_URL", "redis://h b:6379/0", "holds ' '"),
        ("PHONEFLEET_REDIS_URL", "redis://h:6379/x", "names the database 'x'"),
        ("PHONEFLEET_REDIS_URL", "redis://h:6379/0,redis://b", "names the database '0,redis://b'"),
        ("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://root@db：3306/x", "such as a full-width colon"),
        ("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://root:a/b@db/x", "in its password"),
        ("PHONEFLEET_DATABASE_URL", "mysql+mysqldb://root:1#b@db/x", "in its password"),
        ("PHONEFLEET_DATABASE_URL", "sqlite:", "names no file"),
        ("PHONEFLEET_DATABASE_URL", "sqlite:///", "names no file"),
        ("PHONEFLEET_DATABASE_URL", "sqlite://var/x.db", "names no file"),
        ("PHONEFLEET_DATABASE_URL", "sqlite:///:memory:", "names no file"),
        ("PHONEFLEET_DATABASE_URL", "sqlite+aiosqlite:///x.db", "asks for the driver aiosqlite"),
        ("PHONEFLEET_ADB_PORT", "5_039", "'5_039' is not a number"),
        ("PHONEFLEET_ADB_PORT", "５０３９", "'５０３９' is not a number"),
        ("PHONEFLEET_ADB_CONNECT", "a:5555:b:5555", "more than one colon"),
        ("PHONEFLEET_ADB_CONNECT", "::1", "stands in brackets"),
        ("PHONEFLEET_CALLBACK_NETWORKS", "10.0.0.0/8，10.1.0.0/16", "is not a network"),
        ("PHONEFLEET_CALLBACK_NETWORKS", "10.0.0.1/8", "begins inside the network 10.0.0.0/8"),
        ("PHONEFLEET_CALLBACK_NETWORKS", "http://10.0.0.1", "is not a network"),
        ("PHONEFLEET_DELIVERY_SCHEDULE", "5，300", "'5，300' is not a number"),
        ("PHONEFLEET_DELIVERY_SCHEDULE", "5,,300", "'5,,300' is not a number"),
        ("PHONEFLEET_TASKS", "a，b", "not the name of a module"),
        ("PHONEFLEET_TASKS", ",", "names no module"),
        ("PHONEFLEET_LEASE", "3,5", "'3,5' is not a number"),
        ("PHONEFLEET_ADB_CONNECT", ":5555", "has no host"),
        ("PHONEFLEET_ADB_USB", "no", "neither 0 nor 1"),
        ("PHONEFLEET_DATABASE_URL", "postgresql://x/y", "neither an SQLite nor a MySQL address"),
        ("PHONEFLEET_REDIS_URL", "localhost:6379", "not a Redis address"),
        ("PHONEFLEET_TIMEZONE", "Mars/Olympus", "not a known time zone"),
        ("PHONEFLEET_TIMEZONE", "../etc/passwd", "not a known time zone"),
        ("PHONEFLEET_HOST", "my shelf", "cannot name a host"),
        ("PHONEFLEET_DESKS", "-1", "outside 0 to 64"),
        ("PHONEFLEET_LEASE", "1", "outside 2 to 600 seconds"),
        ("PHONEFLEET_LEASE", "nan", "outside 2 to 600 seconds"),
        ("PHONEFLEET_HEARTBEAT", "0", "outside 1 to 300 seconds"),
        ("PHONEFLEET_DRAIN", "soon", "'soon' is not a number"),
        ("PHONEFLEET_TASKS", "rm -rf", "not the name of a module"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_the_reason_and_a_remedy(name: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({name: value})
    assert refusal.value.variable == name
    assert reason in refusal.value.reason
    assert refusal.value.remedy.endswith(".")
    assert str(refusal.value) == f"{name}: {refusal.value.reason}. {refusal.value.remedy}"


def test_an_address_without_a_port_is_an_ip_address() -> None:
    chosen = read_settings({"PHONEFLEET_PHONE_NAMES": "[::1]=a,10.0.0.7=b,shelf:5555=c,[fe80::1]:5600=d"})
    assert chosen.phone_names == {"[::1]:5555": "a", "10.0.0.7:5555": "b", "shelf:5555": "c", "[fe80::1]:5600": "d"}


def test_phones_are_named_by_their_addresses() -> None:
    chosen = read_settings({"PHONEFLEET_PHONE_NAMES": " usb:1-4 = left ,10.0.0.7=右边 手机, 10.0.0.8:5600=left,"})
    assert chosen.phone_names == {"usb:1-4": "left", "10.0.0.7:5555": "右边 手机", "10.0.0.8:5600": "left"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("left", "is not address=name"),
        ("=left", "is not address=name"),
        ("usb:1-4=", "has not 1 to 191 characters"),
        ("usb:1-4=le\u200bft", "invisible character"),
        ("usb:1-4=a,usb:1-4=b", "has two names, a and b"),
        ("10.0.0.7:x=a", "is not a number"),
        ("usb:1-4=a，usb:1-5=b", "holds more than one ="),
        ("usb:1-4=a;usb:1-5=b", "holds more than one ="),
        ("usb：1-4=a", "holds '：'"),
        ("usb:=a", "is not a number"),
        ("0123456789ABCDEF=a", "is neither a USB port nor host:port; a serial tells no phones apart"),
        ("SIM0001=a", "such as usb:1-4=SIM0001"),
        ("emulator-5554=a", "is neither a USB port nor host:port"),
        ("usb=a", "is neither a USB port nor host:port"),
        ("1-4=a", "is neither a USB port nor host:port"),
        ("shelf.lan=a", "is neither a USB port nor host:port"),
    ],
)
def test_names_that_cannot_be_used_are_refused(value: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        read_settings({"PHONEFLEET_PHONE_NAMES": value})
