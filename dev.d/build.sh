# Kol itself: one CMake preset per folder of build/.

presets=(release asan tsan clang fuzz)

is_preset() { [[ " ${presets[*]} " == *" $1 "* ]]; }

compile() { # preset targets...
    local preset=$1 targets
    shift
    targets=("${@:-all}")
    [ -f "$build/$preset/build.ninja" ] || cmake --preset "$preset"
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

# bench/<name>, .sh or .py; without a name, what there is.
cmd_bench() {
    local name=${1:-} file
    if [ -z "$name" ]; then
        say "./dev bench NAME [arguments], NAME one of:"
        find bench -maxdepth 1 -type f \( -perm -u+x -o -name '*.py' -o -name '*.sh' \) -printf '  %f\n' 2>/dev/null | sort
        return
    fi
    shift
    setup_for_build
    setup_model
    build_preset release
    for file in "bench/$name" "bench/$name.sh" "bench/$name.py"; do
        [ -f "$file" ] || continue
        case $file in
        *.py) run_with_kol release "$(test_python)" "$file" "$@" ;;
        *) run_with_kol release "$file" "$@" ;;
        esac
        return
    done
    fail "there is no bench '$name'" "./dev bench lists them"
}
