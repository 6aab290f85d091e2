#!/usr/bin/env bash
# Provides what the tests need and pip cannot bring: MariaDB, Redis, what mysqlclient is built with, systemd,
# whose systemd-analyze reads the units that phonefleet writes, and Chromium with a Chinese font for the console.
# WITH_CONFORMANCE=1 adds what make conformance fills its folder with, WITH_PEERS=1 what make bench-dispatch compares with.
# As root with apt-get it installs Debian's packages; otherwise it says which are missing.
# Installed servers are never started: the tests run throwaway ones of their own.
set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=()
need() { # package, then a command that succeeds when it is there
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

need mariadb-server command -v mariadbd
need mariadb-server command -v mariadb-install-db
need mariadb-client command -v mariadb-dump
need redis-server command -v redis-server
need gcc command -v gcc
need pkg-config command -v pkg-config
need libmariadb-dev pkg-config --exists libmariadb
need python3-dev sh -c 'ls /usr/include/python3*/Python.h'
need systemd command -v systemd-analyze
need prometheus command -v prometheus
need chromium command -v chromium
need fonts-wqy-microhei sh -c 'ls /usr/share/fonts/truetype/wqy/wqy-microhei.ttc'
need python3-venv python3 -c 'import ensurepip'
[ -z "${WITH_CONFORMANCE:-}" ] || need debootstrap command -v debootstrap
[ -z "${WITH_PEERS:-}" ] || need postgresql sh -c 'ls /usr/lib/postgresql/*/bin/postgres'

[ "${#missing[@]}" -gt 0 ] || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    printf '%s\n' \
        "The tests need what is not on this machine: ${missing[*]}" \
        "As root on Debian or Ubuntu: apt-get install ${missing[*]}" \
        "Elsewhere: MariaDB 10.6 or newer, Redis 6.2 or newer, a C compiler, pkg-config," \
        "the headers of Python and of MariaDB's client library, systemd-analyze, Chromium and a Chinese font." >&2
    exit 1
fi

# Debian starts a server as it installs it, unless this file says that it must not.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi

printf 'Installing %s\n' "${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends "${missing[@]}"; }
log=$(mktemp)
# A stale or empty list of packages is the usual reason for a first failure.
if ! install >"$log" 2>&1 && ! { apt-get update -qq && install; } >>"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    printf 'apt-get could not install: %s\n' "${missing[*]}" >&2
    exit 1
fi
rm -f "$log"
