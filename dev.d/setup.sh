# What is installed, and the word about it beforehand.

# Measured on an empty Debian 12 with 2 cores.
plan() { # demo, test or test-all
    local missing groups=(build)
    case $1 in
    test) groups+=(test) ;;
    test-all) groups+=(test tools) ;;
    esac
    mapfile -t missing < <(missing_packages $(packages_of "${groups[@]}"))
    if [ ${#missing[@]} -eq 0 ] && [ -f "$models/ggml-base.bin" ]; then return; fi

    say "this sets up, once:"
    if [ ${#missing[@]} -gt 0 ]; then
        say "  ${#missing[@]} Debian packages with what they need$(size_of "$1"): ${missing[*]}"
    fi
    if [ ! -f "$build/whisper/lib/libwhisper.a" ]; then
        say "  whisper.cpp 1.8.5 from source (10 MB; 1 to 2 minutes), into build/whisper"
    fi
    if [ ! -f "$models/ggml-base.bin" ]; then
        say "  the Whisper model 'base' (150 MB), into build/models"
    fi
    case $1 in
    test*) [ -f "$stamps/python" ] || say "  the tests' Python packages (120 MB), into build/venv, and Twilio's client for Node, into build/node" ;;
    esac
    say "  Only Debian's packages go outside this folder, and none of their services is started."
}

size_of() { # of all packages of a plan, on an empty Debian 12
    case $1 in
    demo) echo " (at most 190 MB to fetch, 660 MB on disk; 2 minutes)" ;;
    test) echo " (at most 400 MB to fetch, 1.4 GB on disk; 3 minutes)" ;;
    test-all) echo " (at most 450 MB to fetch, 1.7 GB on disk; 4 minutes)" ;;
    esac
}

# Everything that a build needs.
setup_for_build() {
    setup_packages build
    setup_whisper
}

cmd_setup() {
    local groups=()
    case ${1:-} in
    "") plan demo ;;
    --tests) plan test; groups=(test) ;;
    --all) plan test-all; groups=(test tools) ;;
    *) fail "setup takes --tests or --all, not '$1'" ;;
    esac
    setup_for_build
    [ ${#groups[@]} -eq 0 ] || setup_packages "${groups[@]}"
    setup_model
    [ ${#groups[@]} -eq 0 ] || { setup_python; setup_node; }
    say "set up; $(elapsed)"
}
