#!/usr/bin/env python3
"""Changes whisper.cpp's sources where a profile of calls showed that one CPU thread loses time.

    dev.d/tune_whisper.py build/src/whisper.cpp

Every change names the text that it replaces, which must stand there as often as it says: with other sources than the
pinned ones this fails instead of guessing. What they bring together is in HACKING.md. Results stay those of whisper.cpp but for
rounding.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

CPU = "ggml/src/ggml-cpu"

# (file, how often the text stands there, text, text in the place of the first)
CHANGES = [
    # Attention unpacks all keys and values again for every tile of queries. 300 divides the 1,500 positions of a window.
    (f"{CPU}/common.h", 1, "#define GGML_FA_TILE_Q  64", "#define GGML_FA_TILE_Q  300"),
    # The greatest of a row, in lanes that a compiler may keep in one register.
    (f"{CPU}/vec.h", 1, """    float max = -INFINITY;
    for (int i = 0; i < n; ++i) {
        max = MAX(max, x[i]);
    }
    *s = max;""", """    float lane[16], max = -INFINITY;
    int i = 0;
    for (int j = 0; j < 16; ++j) lane[j] = -INFINITY;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; ++j) lane[j] = lane[j] > x[i + j] ? lane[j] : x[i + j];
    for (int j = 0; j < 16; ++j) max = MAX(max, lane[j]);
    for (; i < n; ++i) max = MAX(max, x[i]);
    *s = max;"""),
    # GELU by ggml's own vector SiLU in place of a table that is read value by value:
    # gelu(x) = x * sigmoid(u) = silu(u) / (u / x), u = 2 sqrt(2/pi) x (1 + 0.044715 x^2).
    (f"{CPU}/vec.h", 1, "#ifdef GGML_GELU_FP16\ninline static void ggml_vec_gelu_f32(", """void ggml_vec_silu_f32(const int n, float * y, const float * x);

#if defined(__AVX2__) || defined(__ARM_NEON)
inline static void ggml_vec_gelu_f32(const int n, float * y, const float * x) {
    float u[64], factor[64];
    for (int i = 0; i < n; i += 64) {
        const int m = n - i < 64 ? n - i : 64;
        for (int j = 0; j < m; ++j) {
            factor[j] = 2.0f*SQRT_2_OVER_PI*(1.0f + GELU_COEF_A*x[i + j]*x[i + j]);
            u[j] = factor[j]*x[i + j];
        }
        ggml_vec_silu_f32(m, u, u);
        for (int j = 0; j < m; ++j) y[i + j] = u[j]/factor[j];
    }
}
#elif defined(GGML_GELU_FP16)
inline static void ggml_vec_gelu_f32("""),
    # Only for whisper-cli, the bench's peer, which cannot be told: its voice detector always runs four threads that spin
    # while they wait, and on two cores takes minutes for a call. Kol has said one all along.
    ("src/whisper.cpp", 1, "/*.n_thread                = */ 4,", "/*.n_thread                = */ 1,"),
    # The decoder reads all its weights for every token, so memory is what it waits for: as q8_0 they are half as many
    # bytes. The encoder computes, and keeps the type of the file.
    ("src/whisper.cpp", 1, "    const ggml_type vtype = wctx.wtype == GGML_TYPE_F32", """    const ggml_type dtype = wtype == GGML_TYPE_F16 || wtype == GGML_TYPE_BF16 ? GGML_TYPE_Q8_0 : wtype;
    const ggml_type vtype = wctx.wtype == GGML_TYPE_F32"""),
    ("src/whisper.cpp", 2, """            if ((nelements*bpe)/ggml_blck_size(tensor->type) != ggml_nbytes(tensor)) {
                WHISPER_LOG_ERROR("%s: tensor '%s' has wrong size in model file: got %zu, expected %zu\\n",""", """            if (tensor->type == GGML_TYPE_Q8_0 && (ttype == GGML_TYPE_F16 || ttype == GGML_TYPE_BF16)) {
                std::vector<char> row(tensor->ne[0]*bpe);
                std::vector<float> values(tensor->ne[0]);
                for (int64_t i = 0; i < ggml_nrows(tensor); ++i) {
                    loader->read(loader->context, row.data(), row.size());
                    ggml_get_type_traits(ggml_type(ttype))->to_float(row.data(), values.data(), tensor->ne[0]);
                    ggml_quantize_chunk(GGML_TYPE_Q8_0, values.data(), (char *) tensor->data + i*tensor->nb[1], 0, 1, tensor->ne[0], nullptr);
                }
                total_size += ggml_nbytes(tensor);
                model.n_loaded++;
                continue;
            }

            if ((nelements*bpe)/ggml_blck_size(tensor->type) != ggml_nbytes(tensor)) {
                WHISPER_LOG_ERROR("%s: tensor '%s' has wrong size in model file: got %zu, expected %zu\\n","""),
]

# Of the decoder's weights all but those that are used once a window, on all its positions.
DECODER = re.compile(r"(ASR_TENSOR_(?!ATTN_KEY|ATTN_VALUE)\w+, ASR_SYSTEM_CROSS|ASR_TENSOR_\w+, ASR_SYSTEM_DECODER), ggml_new_tensor_2d\(ctx, wtype,")
DECODER_WEIGHTS = 9


def replace_first(text: str, times: int, old: str, new: str, where: Path) -> str:
    """text with new in place of the first old."""
    if text.count(old) != times:
        raise SystemExit(f"{where}: expected {times} times, found {text.count(old)} times: {old.splitlines()[0].strip()}")
    return text.replace(old, new, 1)


def main() -> int:
    """Changes the sources below the given folder."""
    root = Path(sys.argv[1])
    for name, times, old, new in CHANGES:
        path = root / name
        path.write_text(replace_first(path.read_text(encoding="utf-8"), times, old, new, path), encoding="utf-8")
    path = root / "src" / "whisper.cpp"
    text, count = DECODER.subn(r"\1, ggml_new_tensor_2d(ctx, dtype,", path.read_text(encoding="utf-8"))
    if count != DECODER_WEIGHTS:
        raise SystemExit(f"{path}: expected {DECODER_WEIGHTS} weights of the decoder, found {count}")
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
