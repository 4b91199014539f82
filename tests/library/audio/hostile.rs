//! Broken and hostile sound: it is measured, planned or refused, and nothing panics or grows beyond
//! its bytes.
//!
//! The mutations are drawn from a seed, so a failure can be had again.

use patch::Patch;
use serde_json::json;

use super::fixtures::{ALL, read};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn mutated(original: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=draw.below(12) {
        let at = draw.below(bytes.len());
        match draw.below(8) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + draw.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            2 => {
                let junk: Vec<u8> = (0..draw.below(64)).map(|_| draw.next() as u8).collect();
                bytes.splice(at..at, junk);
            }
            3 => {
                let piece = bytes[at..(at + draw.below(700)).min(bytes.len())].to_vec();
                let to = draw.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            // Headers sit at the front: most of the damage goes there.
            4 | 5 if !bytes.is_empty() => {
                let at = draw.below(bytes.len().min(80));
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, draw.next() as u8][draw.below(6)];
            }
            _ if !bytes.is_empty() => bytes[at] ^= 1 << draw.below(8),
            _ => {}
        }
    }
    bytes
}

fn wav(draw: &mut Draw) -> Vec<u8> {
    let (tag, bits) = [
        (1_u16, 8_u16),
        (1, 16),
        (1, 24),
        (1, 32),
        (3, 32),
        (3, 64),
        (0xfffe, 16),
    ][draw.below(7)];
    let channels = 1 + draw.below(3) as u16;
    let mut bytes = b"RIFF\xff\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    for word in [tag, channels, 8_000, 0, 0, 0, channels * bits / 8, bits] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"data\0\x02\0\0");
    bytes.extend((0..512).map(|_| draw.next() as u8));
    bytes
}

fn try_everything(bytes: &[u8], path: &str, draw: &mut Draw) {
    if let Ok(facts) = sound::facts(bytes) {
        assert!(facts.frames <= 1152 * bytes.len() as u64);
        let levels = [facts.peak_dbfs, facts.true_peak_dbtp, facts.loudness_lufs];
        assert!(levels.into_iter().flatten().all(f64::is_finite));
        assert!(facts.waveform.columns(100).len() <= 100);
    }
    let change_db = [-24.0, -1.5, 1.5, 3.0, 24.0, 0.7][draw.below(6)];
    let patch = json!({"type": "level_adjust", "level_change_db": change_db, "allow_clipping": draw.below(2) == 1});
    if let Ok(plan) = Patch::from_value(patch).unwrap().plan(path, bytes)
        && plan.path == path
    {
        assert_eq!(plan.bytes.len(), bytes.len());
        assert!(!plan.changes.is_empty());
    }
}

#[test]
fn broken_mp3_never_panics() {
    let mut draw = Draw(7);
    for round in 0..30 {
        for name in ALL {
            let bytes = mutated(&read(name), &mut draw);
            assert!(bytes.len() < 200_000, "round {round}");
            try_everything(&bytes, "a.mp3", &mut draw);
        }
    }
}

#[test]
fn broken_wav_never_panics() {
    let mut draw = Draw(11);
    for _ in 0..2_000 {
        let whole = wav(&mut draw);
        try_everything(&mutated(&whole, &mut draw), "a.wav", &mut draw);
    }
}

#[test]
fn headers_that_claim_much_get_nothing() {
    let mut draw = Draw(13);
    // 65 535 channels at 4 294 967 295 Hz, and a tag that says it is 256 MB long.
    let mut bytes =
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\xff\xff\xff\xff\xff\xff\0\0\0\0\xff\xff\x08\0".to_vec();
    bytes.extend(b"data\xff\xff\xff\xff");
    bytes.extend([7; 70_000]);
    let facts = sound::facts(&bytes).unwrap();
    assert_eq!((facts.channels, facts.frames, facts.loudness_lufs), (65_535, 1, None));
    try_everything(&bytes, "a.wav", &mut draw);
    for bytes in [
        &b"ID3\x04\0\0\x7f\x7f\x7f\x7f"[..],
        b"ID3\x04\0\0\0\0\0\0",
        b"APETAGEX",
        b"\xff\xfb",
        b"TAG",
        b"\xff\xfb\x90\x64",
    ] {
        assert!(sound::facts(bytes).is_err());
        try_everything(bytes, "a.mp3", &mut draw);
    }
}
