# Kol itself: one CMake preset per folder of build/.

presets=(release asan tsan clang fuzz)

is_preset() { [[ " ${presets[*]} " == *" $1 "* ]]; }

compile() { # preset targets...
    local preset=$1 targets
    shift
    targets=("${@:-all}")
    cmake --preset "$preset" # each time: cmocka may have come since
    cmake --build "$build/$preset" -j "$(cores)" --target "${targets[@]}"
}

build_preset() { # preset targets...
    step "building $*" "build-$1" compile "$@"
}

cmd_build() {
    local preset=${1:-release}
    is_preset "$preset" || fail "there is no preset '$preset'" "choose one of: ${presets[*]}"
    setup_for_build
    case $preset in clang | tsan | fuzz) setup_packages tools ;; esac
    build_preset "$@"
    say "programs are in build/$preset/bin"
}

cmd_demo() {
    plan demo
    setup_for_build
    setup_model
    build_preset release programs
    [ -f tools/demo.py ] || fail "tools/demo.py is not there" "this clone is not complete"
    say "ready after $(elapsed); now the demo"
    exec /usr/bin/python3 tools/demo.py --kol build/release/bin/kol --models build/models "$@"
}

# A bench is bench/<name>/bench_*.c, built into build/release/bench, or a script bench/<name>.sh or .py.
bench_names() {
    {
        find bench -mindepth 2 -name 'bench_*.c' -printf '%h\n'
        find bench -maxdepth 1 \( -name '*.sh' -o -name '*.py' \)
    } | sed 's#.*/##; s#\.[a-z]*$##' | sort -u
}

cmd_bench() {
    local name=${1:-}
    if [ -z "$name" ]; then
        say "./dev bench NAME [ARGUMENTS], NAME one of: $(bench_names | xargs)"
        return
    fi
    shift
    bench_names | grep -qx -- "$name" || fail "there is no bench '$name'" "there are: $(bench_names | xargs)"
    setup_for_build
    setup_model
    build_preset release
    if [ -f "bench/$name.py" ]; then
        setup_python
        run_with_kol release "$(test_python)" "bench/$name.py" "$@"
    elif [ -f "bench/$name.sh" ]; then
        run_with_kol release bash "bench/$name.sh" "$@"
    else
        run_with_kol release "$build/release/bench/$name" "$@"
    fi
}
