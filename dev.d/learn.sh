# Makes data/learned.bin again from the labelled calls and sayings of bench/data.
# The file is committed: neither a build nor its tests need this step.

install_numpy() {
    try_thrice pip install --require-hashes --no-deps --only-binary :all: -r bench/understand/requirements.txt
}

setup_numpy() {
    local key
    key=$(sha256sum <bench/understand/requirements.txt)
    if is_made numpy "$key" && "$(test_python)" -c 'import numpy' 2>/dev/null; then return; fi
    setup_venv
    step_hint="is the network there? 'build/venv/bin/pip download numpy' must reach a package index" \
        step "installing numpy" numpy install_numpy
    mark_made numpy "$key"
}

# ./dev learn [--check]: a new table (with --check: what it makes of calls it has not seen)
cmd_learn() {
    setup_for_build
    setup_numpy
    build_preset release
    OPENBLAS_NUM_THREADS=1 "$(test_python)" bench/understand/train.py "$@"
}
