"""Transcribes mono files with faster-whisper and prints one JSON line per file, then the time the work took."""
import argparse
import json
import time

from faster_whisper import WhisperModel

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--beam", type=int, default=1)
parser.add_argument("files", nargs="+")
options = parser.parse_args()

model = WhisperModel(options.model, device="cpu", compute_type="int8", cpu_threads=options.threads)
began = time.monotonic()
for file in options.files:
    segments, _ = model.transcribe(file, language="en", beam_size=options.beam, vad_filter=True,
                                   condition_on_previous_text=False)
    found = [{"start_s": s.start, "end_s": s.end, "text": s.text} for s in segments]
    print(json.dumps({"file": file, "segments": found}))
print(json.dumps({"work_s": time.monotonic() - began}))
