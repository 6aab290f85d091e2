#!/usr/bin/env bash
# Installs what `make bench-dispatch` measures phonefleet beside, each set in exactly the versions and files that are pinned
# here, into environments of their own under var/peers: arq wants an older redis-py than phonefleet has, and a driver
# that a peer brings (hiredis) would make phonefleet's own connections faster. Does nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

for set in peers arq; do
    pinned=benchmarks/peers/$set.txt
    folder=var/peers/$set
    now=$(cksum <"$pinned")
    [ "$(cat "$folder/.set-up" 2>/dev/null)" != "$now" ] || continue
    printf 'Installing %s into %s\n' "$pinned" "$folder" >&2
    rm -rf "$folder"
    .venv/bin/python -m venv --without-pip "$folder"
    .venv/bin/python -m pip --python "$folder/bin/python" install -qq --disable-pip-version-check --no-input \
        --require-hashes --no-deps --requirement "$pinned"
    printf '%s\n' "$now" >"$folder/.set-up"
done
