# whisper.cpp, built for this very CPU into build/whisper: lib/*.a, include/, and bin/whisper-cli for tests.

whisper_src=$build/src/whisper.cpp

# GGML_LLAMAFILE: its matrix kernels take a third off the encoder, and are off by default.
# -march=native: GGML_NATIVE leaves the shared part of ggml generic, and with it the half-precision
# conversions that attention makes all the time (a tenth of a call's CPU time).
# GGML_OPENMP off: Kol runs each state on one thread, so the runtime would only be one more dependency.
whisper_options=(
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    -DGGML_NATIVE=ON -DGGML_LLAMAFILE=ON -DGGML_OPENMP=OFF
    -DCMAKE_C_FLAGS=-march=native -DCMAKE_CXX_FLAGS=-march=native
    -DWHISPER_BUILD_TESTS=OFF -DWHISPER_BUILD_SERVER=OFF -DWHISPER_BUILD_EXAMPLES=ON
)

# Another CPU, compiler, source or option makes another library.
whisper_key() {
    {
        sha_of pywhispercpp
        sha256sum <"$root/dev.d/tune_whisper.py"
        printf '%s\n' "${whisper_options[@]}"
        gcc -dumpfullversion
        grep -m1 -E '^(flags|Features)' /proc/cpuinfo || uname -m
    } | sha256sum | cut -d' ' -f1
}

unpack_whisper() {
    rm -rf "$whisper_src"
    mkdir -p "$build/src"
    tar xzf "$(archive_of pywhispercpp)" -C "$build/src" --strip-components=1 --wildcards '*/whisper.cpp/*'
    [ -f "$whisper_src/include/whisper.h" ]
    python3 "$root/dev.d/tune_whisper.py" "$whisper_src"
}

compile_whisper() {
    local out=$build/src/whisper-build
    rm -rf "$out"
    cmake -S "$whisper_src" -B "$out" -G Ninja "${whisper_options[@]}"
    cmake --build "$out" -j "$(cores)" --target whisper
    mkdir -p "$build/whisper/lib" "$build/whisper/include"
    find "$out" -name 'lib*.a' -exec cp {} "$build/whisper/lib/" \;
    cp "$whisper_src"/include/*.h "$whisper_src"/ggml/include/*.h "$build/whisper/include/"
}

setup_whisper() {
    local key
    key=$(whisper_key)
    if is_made whisper "$key" && [ -f "$build/whisper/lib/libwhisper.a" ]; then return; fi
    setup_archives pywhispercpp
    step "unpacking whisper.cpp" whisper-unpack unpack_whisper
    step "building whisper.cpp for this CPU" whisper-build compile_whisper
    mark_made whisper "$key"
    rm -f "$build/whisper/bin/whisper-cli"
}

# whisper.cpp's own program, to check models and to compare with.
compile_whisper_cli() {
    cmake --build "$build/src/whisper-build" -j "$(cores)" --target whisper-cli
    mkdir -p "$build/whisper/bin"
    cp "$build/src/whisper-build/bin/whisper-cli" "$build/whisper/bin/"
}

setup_whisper_cli() {
    setup_whisper
    [ -x "$build/whisper/bin/whisper-cli" ] || step "building whisper-cli" whisper-cli compile_whisper_cli
}
