#!/bin/sh
# Makes vowels.mp3 anew, with sox 14.4.2 and lame 3.100: five vowels of eight frames each, then one frame of silence. Sawtooth tones through
# two resonances each, so that it is nobody's voice and nobody's recording. crates/demo/src/voice.rs knows the sizes.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

vowel() { # name, and its two resonances in hertz
    for hz in "$2" "$3"; do
        sox -R -n -r 48000 -c 1 -b 24 "$work/$hz.wav" synth 9216s sawtooth 132 bandpass "$hz" 180h gain -n -3
    done
    sox -R -m -v 0.6 "$work/$2.wav" -v 0.3 "$work/$3.wav" "$work/$1.wav" fade h 3000s 9216s 3000s gain -n -4.5
}
vowel a 750 1200
vowel e 450 2000
vowel i 300 2300
vowel o 460 800
vowel u 320 700
sox -R "$work/a.wav" "$work/e.wav" "$work/i.wav" "$work/o.wav" "$work/u.wav" -b 16 "$work/all.wav" pad 0 2304s

# --nores: no frame needs the one before it. -t: no Info frame. A decoder hears everything a frame late, so the first is left out.
lame --quiet -t --nores --cbr -b 48 --resample 48 -m m "$work/all.wav" "$work/all.mp3"
tail -c +145 "$work/all.mp3" | head -c $((41 * 144)) > vowels.mp3
