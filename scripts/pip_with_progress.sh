#!/usr/bin/env bash
# Installs one file of constraints/ and says on stderr how far it is: pip itself is silent for as long as it unpacks.
#   pip_with_progress.sh PYTHON FILE [pip's further options]
set -euo pipefail
python=$1 file=$2
log=$(mktemp)
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
total=$(grep -c '^[A-Za-z0-9].*==' "$file")

how_far() { # "found 12 of 64: lxml==6.1.3", then "unpacked 12 of 64: lxml-6.1.3"
    local done_now newest
    if grep -q '^Installing collected packages' "$log"; then
        done_now=$(find "$site" -maxdepth 1 -name '*.dist-info' -newer "$log.begun" | wc -l)
        newest=$(cd "$site" && find . -maxdepth 1 -name '*.dist-info' -printf '%T@ %f\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
        printf 'unpacked %d of %d: %s' "$((done_now > total ? total : done_now))" "$total" "${newest%.dist-info}"
    else
        done_now=$(grep -cE '^(Collecting|Requirement already satisfied:|Ignoring) ' "$log" || true)
        newest=$(grep '^Collecting ' "$log" | tail -n 1 | cut -d ' ' -f 2 || true)
        printf 'found %d of %d: %s' "$done_now" "$total" "$newest"
    fi
}

watch() { # a terminal gets one line that changes, a file a line every five seconds
    local said='' now next=5
    while sleep 0.5 && kill -0 "$$" 2>/dev/null; do
        now=$(how_far)
        [ "$now" != "$said" ] || continue
        if [ -t 2 ]; then
            printf '\r\033[K  %s' "$now" >&2
        elif ((SECONDS >= next)); then
            printf '  %s\n' "$now" >&2
            next=$((SECONDS + 5))
        fi
        said=$now
    done
}

touch "$log.begun"
watch &
watcher=$!
finish() {
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    [ ! -t 2 ] || printf '\r\033[K' >&2
    rm -f "$log" "$log.begun"
}
trap finish EXIT

if ! "$python" -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes --no-deps \
    "${@:3}" -r "$file" >"$log" 2>&1; then
    printf '\n' >&2
    tail -n 40 "$log" >&2
    exit 1
fi
