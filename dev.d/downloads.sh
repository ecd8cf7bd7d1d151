# Fetches the archives of downloads.txt into build/downloads, with pip and the user's own settings for it.

downloads=$build/downloads

sha_of() { # archive name as in downloads.txt
    sed -n "s/^$1==.*--hash=sha256:\([0-9a-f]*\).*/\1/p" "$root/dev.d/downloads.txt"
}

archive_of() { # the downloaded file whose SHA-256 is the pinned one; pip names files as it likes
    local sum file
    sum=$(sha_of "$1")
    for file in "$downloads/${1//-/_}"-*; do
        if check_sha256 "$file" "$sum"; then
            printf '%s\n' "$file"
            return
        fi
    done
    return 1
}

make_venv() {
    local python=/usr/bin/python3 # Debian's own, whatever else comes first in PATH
    [ -x "$python" ] || python=python3
    rm -rf "$build/venv"
    "$python" -m venv "$build/venv"
}

setup_venv() {
    if ! "$build/venv/bin/python" -m pip --version >/dev/null 2>&1; then
        step_hint="Debian's python3-venv must be installed" step "making build/venv" venv make_venv
    fi
}

pip() { PIP_DISABLE_PIP_VERSION_CHECK=1 "$build/venv/bin/python" -m pip "$@"; }

# A package index may be away for a moment; pip gives up on an index that answers with an error.
try_thrice() {
    local try
    for try in 1 2 3; do
        if "$@"; then return; fi
        if [ "$try" = 3 ]; then return 1; fi
        echo "try $try failed"
        sleep 5
    done
}

fetch_archives() { # names
    local name
    for name in "$@"; do
        grep "^$name==" "$root/dev.d/downloads.txt"
    done >"$downloads/wanted.txt"
    PYTHONPATH=$root/dev.d/sdist try_thrice pip download --no-deps --no-build-isolation --require-hashes \
        --no-binary pywhispercpp --no-cache-dir -d "$downloads" -r "$downloads/wanted.txt"
}

setup_archives() { # names
    local name wanted=()
    mkdir -p "$downloads"
    for name in "$@"; do
        archive_of "$name" >/dev/null || wanted+=("$name")
    done
    [ ${#wanted[@]} -gt 0 ] || return 0
    setup_venv
    step_hint="is the network there? 'build/venv/bin/pip download ${wanted[0]}' must reach a package index (pip's own settings apply)" \
        step "fetching ${wanted[*]}" "fetch-${wanted[0]}" fetch_archives "${wanted[@]}"
    for name in "${wanted[@]}"; do
        archive_of "$name" >/dev/null || fail "$name was fetched but has not the SHA-256 of dev.d/downloads.txt" \
            "remove build/downloads and run ./dev again; if it stays so, do not use that archive"
    done
}
