# Format, lint, clean.

c_sources() { find src tools/model cmake bench -name '*.[ch]' -not -path '*/build/*' 2>/dev/null | sort; }

cmd_fmt() {
    have clang-format || setup_packages tools
    c_sources | xargs -r clang-format -i
}

run_tidy() {
    c_sources | grep '\.c$' | grep -E '^(src|tools)' | grep -vE '/(test|fuzz)_' |
        xargs -r -P "$(cores)" -n 4 clang-tidy --quiet -p "$build/clang" --warnings-as-errors='*'
}

lint() {
    local rc=0
    check_sources || rc=1
    shellcheck -x dev tools/check-* .ci/run || rc=1
    c_sources | xargs -r clang-format --dry-run -Werror || rc=1
    run_tidy || rc=1
    return $rc
}

cmd_lint() {
    setup_for_build
    setup_packages test tools
    build_preset clang # also makes what is generated, and compile_commands.json
    lint || fail "lint" "./dev fmt mends the layout; the rest is above"
    say "nothing to complain about"
}

# Downloads and the speech library stay, unless all is asked for: they cost minutes.
cmd_clean() {
    if [ "${1:-}" = --all ]; then
        rm -rf "$build"
    else
        rm -rf "${presets[@]/#/$build/}" "$build/tmp" "$build/pytest" "$logs"
    fi
}
