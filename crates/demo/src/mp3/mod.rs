//! A small MPEG-1 Layer III encoder: mono, 48 kHz, constant 96 kbit/s, long blocks, no psychoacoustics.
//!
//! It exists because holdpoint's real material is MP3 and no encoder in Rust under our licence does it. Good enough for a tune that a
//! person listens to once; not a codec to ship music with. Every frame stands alone: no bit reservoir, no tags.

mod bits;
mod filterbank;
mod spectrum;
mod tables;

use bits::BitWriter;
use filterbank::{FilterBank, GRANULE};
use spectrum::Granule;

/// The one sample rate this encoder writes.
pub(crate) const SAMPLE_RATE_HZ: u32 = 48_000;
/// Samples in one frame, which has two granules.
pub(crate) const FRAME_SAMPLES: usize = 2 * GRANULE;
/// Bytes of every frame: 144 · 96 000 / 48 000; at this rate no frame ever needs a padding slot.
pub(crate) const FRAME_BYTES: usize = 288;
const HEADER_BYTES: usize = 4;
const SIDE_BYTES: usize = 17;
/// Sync word, MPEG-1, Layer III, no CRC; 96 kbit/s, 48 kHz, no padding; mono, original.
const HEADER: u32 = 0xfffb_74c4;

/// Encodes mono samples between −1 and 1, at [`SAMPLE_RATE_HZ`]. The end is filled with silence up to a whole frame, and one frame
/// follows so that the filter's delay swallows nothing.
pub(crate) fn encode(samples: &[f64]) -> Vec<u8> {
    let frames = samples.len().div_ceil(FRAME_SAMPLES) + 1;
    let mut bank = FilterBank::new();
    let mut stream = Vec::with_capacity(frames * FRAME_BYTES);
    for frame in 0..frames {
        let start = (frame * FRAME_SAMPLES).min(samples.len());
        let middle = (start + GRANULE).min(samples.len());
        let first = bank.granule(&samples[start..middle]);
        let second = bank.granule(&samples[middle..]);
        stream.extend(write_frame(&first, &second));
    }
    stream
}

fn write_frame(first: &[f64; GRANULE], second: &[f64; GRANULE]) -> Vec<u8> {
    let main_bits = (FRAME_BYTES - HEADER_BYTES - SIDE_BYTES) * 8;
    let granules = [Granule::fit(first, main_bits / 2), Granule::fit(second, main_bits / 2)];
    let mut bits = BitWriter::default();
    bits.put(HEADER, 32);
    // The main data begins in this frame; private bits and shared scale factors are unused.
    bits.put(0, 9 + 5 + 4);
    for granule in &granules {
        granule.write_side(&mut bits);
    }
    debug_assert_eq!(bits.length_bits(), (HEADER_BYTES + SIDE_BYTES) * 8);
    for granule in &granules {
        granule.write_main(&mut bits);
    }
    bits.into_bytes(FRAME_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard::{self, Heard};
    use std::f64::consts::PI;

    fn chord(seconds: f64) -> Vec<f64> {
        let count = (seconds * f64::from(SAMPLE_RATE_HZ)) as usize;
        let tone = |frequency_hz: f64, n: usize| (2.0 * PI * frequency_hz * n as f64 / 48_000.0).sin();
        (0..count)
            .map(|n| 0.25 * (tone(440.0, n) + tone(1_318.5, n) + 0.3 * tone(5_000.0, n)))
            .collect()
    }

    /// The best match of `heard` against `meant` over all plausible delays, as signal to noise in dB.
    fn signal_to_noise_db(meant: &[f64], heard: &[f32]) -> (usize, f64) {
        let window = 4_000..20_000;
        let energy: f64 = meant[window.clone()].iter().map(|sample| sample * sample).sum();
        (0..2_500)
            .map(|delay| {
                let noise: f64 = window
                    .clone()
                    .map(|n| (meant[n] - f64::from(heard[n + delay])).powi(2))
                    .sum::<f64>();
                (delay, 10.0 * (energy / noise).log10())
            })
            .fold((0, f64::MIN), |best, next| if next.1 > best.1 { next } else { best })
    }

    #[test]
    fn an_independent_decoder_hears_the_same_sound() {
        let meant = chord(1.0);
        let Heard {
            samples,
            sample_rate_hz,
            channels,
        } = heard::decode(encode(&meant), "mp3");
        assert_eq!((sample_rate_hz, channels), (SAMPLE_RATE_HZ, 1));
        assert!(samples.len() >= meant.len() && samples.len() <= meant.len() + 2 * FRAME_SAMPLES);
        let (delay, quality_db) = signal_to_noise_db(&meant, &samples);
        // 528 + 1 samples of the decoder and as many of this encoder, less the one that both count.
        assert_eq!(delay, 1_057);
        assert!(quality_db > 60.0, "{quality_db:.1} dB");
    }

    #[test]
    fn every_frame_has_the_same_length_and_begins_with_the_header() {
        let stream = encode(&chord(0.2));
        assert!(stream.len().is_multiple_of(FRAME_BYTES));
        assert!(
            stream
                .chunks(FRAME_BYTES)
                .all(|frame| frame.starts_with(&HEADER.to_be_bytes()))
        );
    }
}
