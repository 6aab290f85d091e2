#!/usr/bin/env bash
# Writes constraints/ anew: the newest releases that setup.cfg allows, each with the hashes of its files. One
# resolution holds for Python 3.11 and newer; what only some of them need carries a marker.
#   runtime.txt          what `make demo` installs, and setuptools, which builds the package itself
#   mysql, s3, dev, docs .txt  what that extra of setup.cfg adds to it
# And benchmarks/peers/*.txt, for environments of their own.
# uv resolves. It goes into a folder of its own that is thrown away; nothing at run time needs it.
set -euo pipefail
cd "$(dirname "$0")/.."

UV='uv>=0.13.9,<0.14'
OLDEST_PYTHON=3.11
EXTRAS='mysql s3 dev docs'

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m pip install -qq --disable-pip-version-check --target "$tools/uv" "$UV"

compile() { # uv's further options
    "$tools/uv/bin/uv" pip compile --quiet --no-config --system-certs --universal --python-version "$OLDEST_PYTHON" \
        --no-annotate --custom-compile-command 'make constraints' "$@"
}

# All extras are resolved at once, so that every file has the same version of a package.
sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml >"$tools/build.in"
[ -s "$tools/build.in" ] || { printf 'pyproject.toml: no single build requirement found\n' >&2; exit 1; }
compile setup.cfg "$tools/build.in" --all-extras --output-file "$tools/all.txt"

lock() { # what is locked, then uv's further options
    printf 'Writing constraints/%s.txt\n' "$1" >&2
    compile --generate-hashes --constraints "$tools/all.txt" --output-file "$tools/$1.txt" "${@:2}"
}

lock runtime setup.cfg "$tools/build.in"
# What the runtime has on Windows alone is no part of it here: an extra that needs it anywhere locks it itself.
mapfile -t runtime < <(sed -n '/sys_platform/d; s/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package=\1/p' "$tools/runtime.txt")
for extra in $EXTRAS; do
    lock "$extra" setup.cfg --extra "$extra" "${runtime[@]}"
done
for name in runtime $EXTRAS; do
    mv "$tools/$name.txt" "constraints/$name.txt"
done
for peers in peers arq; do
    printf 'Writing benchmarks/peers/%s.txt\n' "$peers" >&2
    compile --generate-hashes --output-file "$tools/$peers.txt" "benchmarks/peers/$peers.in"
    mv "$tools/$peers.txt" "benchmarks/peers/$peers.txt"
done
