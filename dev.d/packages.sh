# Debian packages: what Kol is built with and runs on, and what only its tests need.

packages_build=(
    gcc g++ libc6-dev cmake ninja-build pkg-config
    python3 python3-venv # the demo's simulator; pip to fetch the pinned archives
    libmicrohttpd-dev libcurl4-openssl-dev libsqlite3-dev libjansson-dev libssl-dev
    libseccomp-dev libunistring-dev
    libdnnl-dev # oneDNN, Apache-2.0: computes for the native engine
    libavformat-dev libavcodec-dev libavutil-dev libswresample-dev
    espeak-ng-data espeak-ng asterisk-core-sounds-en-wav # the demo's customer and its business
    tzdata ca-certificates
)
packages_test=(
    libcmocka-dev
    nginx-light # started by the tests themselves, on loopback
    chromium fonts-dejavu-core
    ffmpeg # makes the formats that users bring
    scdoc  # the man page
)
# Only ./dev test --all, lint and fmt.
packages_tools=(clang clang-tidy clang-format libclang-rt-14-dev llvm shellcheck ccache)

missing_packages() { # names: those that are not installed
    local name
    for name in "$@"; do
        case $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true) in
        installed*) ;;
        *) printf '%s\n' "$name" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "root is needed to run: $*" "run it as root, or install sudo; then run ./dev again"
    fi
}

apt_update() { as_root apt-get -o Acquire::Retries=3 update -q; }

# No service of a package is started: the tests start their own, and a user decides for himself.
apt_install() {
    local policy=/usr/sbin/policy-rc.d rc=0 ours=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        ours=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -o Acquire::Retries=3 install -y -q --no-install-recommends "$@" || rc=$?
    [ -z "$ours" ] || as_root rm -f "$policy"
    return $rc
}

packages_of() { # group names
    local group
    for group in "$@"; do
        local -n list=packages_$group
        printf '%s\n' "${list[@]}"
    done
}

setup_packages() { # group names
    local missing
    # shellcheck disable=SC2046
    mapfile -t missing < <(missing_packages $(packages_of "$@"))
    [ ${#missing[@]} -gt 0 ] || return 0
    have apt-get || fail "these packages are missing: ${missing[*]}" \
        "this is no Debian or Ubuntu: install what they hold by hand, then run ./dev again"
    step_hint="is the network there? 'apt-get update' must work; 'dpkg --configure -a' mends a broken install" \
        step "reading the package lists" apt-update apt_update
    step_hint="'apt-get install ${missing[*]}' by hand shows the reason; then run ./dev again" \
        step "installing ${#missing[@]} packages" apt-install apt_install "${missing[@]}"
}
