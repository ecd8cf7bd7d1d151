# Words, steps and stamps. Everything that ./dev makes lies under build/.

build=$root/build
logs=$build/logs
stamps=$build/stamps

say() { printf '%s\n' "kol: $*"; }

fail() {
    printf '%s\n' "kol: FAILED: $1" >&2
    shift
    local hint
    for hint in "$@"; do printf '%s\n' "kol:   $hint" >&2; done
    exit 1
}

# step "what" log-name command...: quiet while it goes well, its last lines when it does not.
# The command must not stand in a condition: there bash would ignore its `set -e`.
step() {
    local what=$1 log=$logs/$2.log start=$SECONDS rc
    shift 2
    mkdir -p "$logs"
    printf '%s' "kol: $what ... "
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1 </dev/null
    rc=$?
    set -e
    if [ $rc = 0 ]; then
        printf '%s\n' "done ($((SECONDS - start)) s)"
        return
    fi
    printf '%s\n' "failed"
    tail -n 25 "$log" >&2
    fail "$what" "the whole output is in ${log#"$root"/}" \
        "${step_hint:-put it right and run the same command again: what is finished is not repeated}"
}

# A stamp holds the key of what was last made under a name: the same key means that it is still good.
is_made() { [ "$(cat "$stamps/$1" 2>/dev/null || true)" = "$2" ]; }

mark_made() {
    mkdir -p "$stamps"
    printf '%s\n' "$2" >"$stamps/$1"
}

have() { command -v "$1" >/dev/null 2>&1; }

check_sha256() { # file sum
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

cores() { nproc 2>/dev/null || echo 2; }

elapsed() { printf '%d min %02d s' $((SECONDS / 60)) $((SECONDS % 60)); }
