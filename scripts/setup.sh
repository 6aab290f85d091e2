#!/usr/bin/env bash
# Sets phonefleet up in .venv: the first Python >= 3.11 that really works, then the package itself.
# Needs no root. Does nothing when .venv already holds what setup.cfg asks for.
#   PYTHON=/path/to/python   takes that Python alone
#   WITH_MYSQL=1             fails when mysqlclient cannot be built, instead of doing without it
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/.set-up
try_seconds=30

say() { printf '%s\n' "$*" >&2; }

# Names on PATH may be shims that fail, so each is run. 3.12 and 3.11 come first: they bring a Redis.
candidates() {
    if [ -n "${PYTHON:-}" ]; then
        printf '%s\n' "$PYTHON"
        return
    fi
    for name in python3.12 python3.11 python3 python3.13 python3.14; do
        type -ap "$name" || true
    done
}

works() {
    timeout "$try_seconds" "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Debian's python3 has no ensurepip without python3-venv; its own pip can fill the folder instead.
make_venv() {
    rm -rf "$venv"
    if "$1" -c 'import ensurepip' 2>/dev/null; then
        "$1" -m venv "$venv"
    else
        "$1" -m pip --version >/dev/null 2>&1 || return 1
        "$1" -m venv --without-pip "$venv" && "$1" -m pip --python "$venv/bin/python" install -qq pip
    fi
}

find_and_make() {
    local tried='' python
    while read -r python; do
        works "$python" || { tried+=" $python"; continue; }
        say "Setting up .venv with $python ($("$python" -V))"
        make_venv "$python" && return
        tried+=" $python (has neither ensurepip nor pip)"
    done < <(candidates | awk '!seen[$0]++')
    say "No Python 3.11 or newer that can make a virtual environment.${tried:+ Tried:$tried.}"
    say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name one: make setup PYTHON=/path/to/python3.11"
    return 1
}

can_build_mysqlclient() {
    command -v cc >/dev/null || command -v gcc >/dev/null || return 1
    { pkg-config --exists libmariadb || pkg-config --exists mariadb || pkg-config --exists mysqlclient; } 2>/dev/null ||
        return 1
    "$venv/bin/python" -c \
        'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'
}

# What the installation depends on: when none of it changed, there is nothing to do.
fingerprint() {
    { printf '%s\n' "$1"; "$venv/bin/python" -V; pwd; cat setup.cfg pyproject.toml; ls -d -- */__init__.py; } | cksum
}

works "$venv/bin/python" || find_and_make

extras=dev
if can_build_mysqlclient; then
    extras=dev,mysql
elif [ -n "${WITH_MYSQL:-}" ] && ! "$venv/bin/python" -c 'import MySQLdb' 2>/dev/null; then
    say "mysqlclient cannot be built: it needs a C compiler, pkg-config, the headers of this Python and of MariaDB."
    say "Debian, Ubuntu: apt-get install gcc pkg-config python3-dev libmariadb-dev"
    exit 1
fi

if [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint "$extras")" ]; then
    exit 0
fi

install() { "$venv/bin/python" -m pip install -qq --disable-pip-version-check --editable ".[$1]"; }

say "Installing phonefleet[$extras] into .venv; the first time takes a minute or two"
if ! install "$extras"; then
    [ "$extras" != dev ] && [ -z "${WITH_MYSQL:-}" ] || exit 1
    say "mysqlclient did not build: going on without it. SQLite works; MySQL and MariaDB need it."
    install dev
fi
fingerprint "$extras" >"$stamp"
