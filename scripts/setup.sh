#!/usr/bin/env bash
# Sets phonefleet up in .venv: the first Python >= 3.11 that really works, the packages of constraints/ in exactly
# those versions and files, then phonefleet itself. Needs no root. Does nothing when .venv already holds all that.
#   PYTHON=/path/to/python   takes that Python alone
#   WITH_TESTS=1             adds what lints, tests and measures, and what WITH_DOCS=1 adds
#   WITH_DOCS=1              adds what makes a site of the documents
#   WITH_S3=1                adds what stores evidence in S3
#   WITH_MYSQL=1             fails when mysqlclient cannot be built, instead of doing without it
#   WITH_MYSQL=0             does without it
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
        of_pyenv "$name"
    done
}

# A shim of pyenv fails for a version that is installed and not switched on.
of_pyenv() {
    [ "$1" = python3 ] || compgen -G "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/${1#python}.*/bin/$1" || true
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
    { "$venv/bin/python" -V; pwd; cat setup.cfg pyproject.toml constraints/*.txt; ls -d -- */__init__.py; } | cksum
}

mysqlclient_is_there() { "$venv/bin/python" -c 'import MySQLdb' 2>/dev/null; }

wanted_parts() { # the files of constraints/ that this call asks for
    echo runtime
    [ -z "${WITH_TESTS:-}" ] || echo dev
    [ -z "${WITH_TESTS:-}${WITH_DOCS:-}" ] || echo docs
    [ -z "${WITH_S3:-}" ] || echo s3
    case ${WITH_MYSQL:-} in
        0) ;;
        1) mysqlclient_is_there && ! can_build_mysqlclient || echo mysql ;;
        *) ! can_build_mysqlclient || echo mysql ;;
    esac
}

# Raises no error for a mysqlclient that does not build, unless WITH_MYSQL=1 asks for it.
install() {
    local options=()
    say "Installing the part $1 into .venv"
    # mysqlclient is compiled with the setuptools of constraints/, not with the newest
    [ "$1" != mysql ] || options=(--no-build-isolation)
    scripts/pip_with_progress.sh "$venv/bin/python" "constraints/$1.txt" "${options[@]}" && return
    [ "$1" = mysql ] && [ "${WITH_MYSQL:-}" != 1 ] || return 1
    say "mysqlclient did not build: going on without it. SQLite works; MySQL and MariaDB need it."
}

install_phonefleet() {
    say "Installing phonefleet itself, editable"
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input --no-index --no-deps \
        --no-build-isolation --editable .
}

# Where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, a folder of root's), each command would compile its modules
# anew: 0.08 s of CPU for submit. A file that does not compile stops whoever imports it, and not set-up.
compile_phonefleet() {
    local rooms=(*/__init__.py)
    "$venv/bin/python" -m compileall -qq -x '^tests/' "${rooms[@]%/*}" || true
}

works "$venv/bin/python" || find_and_make

if [ "${WITH_MYSQL:-}" = 1 ] && ! can_build_mysqlclient && ! mysqlclient_is_there; then
    say "mysqlclient cannot be built: it needs a C compiler, pkg-config, the headers of this Python and of MariaDB."
    say "Debian, Ubuntu: apt-get install gcc pkg-config python3-dev libmariadb-dev"
    exit 1
fi

# The stamp: the fingerprint, then the parts that are installed, one a line.
now=$(fingerprint)
mapfile -t installed < <(tail -n +2 "$stamp" 2>/dev/null || true)
mapfile -t wanted < <(wanted_parts)
if [ "$(head -n 1 "$stamp" 2>/dev/null)" = "$now" ]; then
    # a mysqlclient that did not build is noted as well: it is not tried again unless it must be there
    if [ "${WITH_MYSQL:-}" = 1 ] && ! mysqlclient_is_there; then
        mapfile -t installed < <(printf '%s\n' "${installed[@]}" | grep -v '^mysql$')
    fi
    mapfile -t missing < <(comm -13 <(printf '%s\n' "${installed[@]}" | sort) <(printf '%s\n' "${wanted[@]}" | sort))
    [ "${#missing[@]}" -gt 0 ] || { compile_phonefleet; exit 0; }
else
    rm -f "$stamp"
    mapfile -t installed < <(printf '%s\n' "${installed[@]}" | grep -xE 'dev|docs|s3')
    mapfile -t missing < <(printf '%s\n' "${wanted[@]}" "${installed[@]}" | awk 'NF && !seen[$0]++')
fi

for part in "${missing[@]}"; do
    install "$part"
done
install_phonefleet
compile_phonefleet
printf '%s\n' "$now" "${installed[@]}" "${missing[@]}" | awk 'NF && !seen[$0]++' >"$stamp"
say "Set up in $SECONDS s: $("$venv/bin/python" -V), $(sed 1d "$stamp" | paste -sd ' ')"
