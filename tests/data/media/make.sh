#!/usr/bin/env bash
# Makes the recordings of this folder again (needs ffmpeg and espeak-ng; the tests need neither).
# Every file but speech.mp3 holds sines: 500 Hz on the first or only channel, 1100 Hz on the second.
set -euo pipefail
cd "$(dirname "$0")"

one='aevalsrc=0.3*sin(2*PI*500*t):s=8000:d=1'
two='aevalsrc=0.3*sin(2*PI*500*t)|0.3*sin(2*PI*1100*t):s=8000:d=1'

make() { # make SOURCE FILE OPTIONS...
    local source=$1 file=$2
    shift 2
    ffmpeg -v error -y -f lavfi -i "$source" -fflags +bitexact -flags:a +bitexact "$@" "$file"
}

make "$one" mono.mp3 -b:a 16k
make "$two" stereo.mp3 -b:a 32k
make "$one" bare.mp3 -b:a 16k -id3v2_version 0 -write_xing 0
make "$two" high.mp3 -b:a 32k -ar 44100
make "$one" mono.wav
make "$two" stereo.wav -t 0.55
make "$two" mulaw.wav -c:a pcm_mulaw
make "$one" alaw.wav -c:a pcm_alaw
make "$two" opus.ogg -c:a libopus -b:a 32k
make "$one" vorbis.ogg -c:a libvorbis
make "$two" stereo.m4a -c:a aac -b:a 32k
make "$one" fast.m4a -c:a aac -b:a 24k -movflags +faststart -metadata creation_time=2026-01-02T03:04:05Z
make "$one" mono.flac
make "$one" six.wav -c:a pcm_mulaw -ac 6 -t 0.1
make "$one" slow.wav -t 0.1 # its header then says 1000 Hz
printf '\xe8\x03\x00\x00' | dd of=slow.wav bs=1 seek=24 conv=notrunc status=none
make "$one" adpcm.wav -c:a adpcm_ima_wav -t 0.1

ffmpeg -v error -y -f lavfi -i color=red:s=16x16 -frames:v 1 cover.png
ffmpeg -v error -y -i mono.mp3 -i cover.png -map 0 -map 1 -c:a copy -c:v copy -id3v2_version 3 \
    -metadata title=Cover -fflags +bitexact cover.mp3

espeak-ng -v en-us -s 150 -w speech.wav "Hello, I am locked out of my flat. Can you come today?"
ffmpeg -v error -y -i speech.wav -ar 8000 -b:a 16k -fflags +bitexact speech.mp3
rm cover.png speech.wav
ls -l
