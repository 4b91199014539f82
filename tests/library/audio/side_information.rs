//! A second reader of MP3 frames, written from the standard for the tests alone: bits as text, no
//! shared code with the one under test.

/// One frame: its bytes, and the bit ranges of its gains and of its checksum.
pub struct Frame {
    pub at: usize,
    pub length: usize,
    /// First bit of each `global_gain`, from the start of the frame, with the `part2_3_length`
    /// before it.
    pub gains: Vec<(usize, usize)>,
    pub checksum: Option<(u16, u16)>,
}

fn bit_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:08b}")).collect()
}

fn number(text: &str) -> usize {
    usize::from_str_radix(text, 2).unwrap()
}

/// The checksum by long division over the bits, as the standard draws it.
fn divided(bits: &str) -> u16 {
    let mut register = 0xffff_u32;
    for bit in bits.bytes() {
        let carry = (register >> 15) & 1 ^ u32::from(bit - b'0');
        register = (register << 1) & 0xffff;
        if carry == 1 {
            register ^= 0x8005;
        }
    }
    u16::try_from(register).unwrap()
}

/// The frames of sound of a file with nothing but tags around them.
pub fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut at = 0;
    if bytes.starts_with(b"ID3") {
        at = 10
            + bytes[6..10]
                .iter()
                .fold(0, |size, byte| size * 128 + usize::from(*byte));
    }
    let mut frames = Vec::new();
    while at + 4 < bytes.len() && bytes[at] == 0xff {
        let header = bit_text(&bytes[at..at + 4]);
        let (version, layer) = (&header[11..13], &header[13..15]);
        assert_eq!(layer, "01");
        let is_1 = version == "11";
        let kbps = if is_1 {
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320][number(&header[16..20])]
        } else {
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160][number(&header[16..20])]
        };
        let divisor = match version {
            "11" => 1,
            "10" => 2,
            _ => 4,
        };
        let hz = [44_100, 48_000, 32_000][number(&header[20..22])] / divisor;
        let samples = if is_1 { 1152 } else { 576 };
        let length = samples / 8 * kbps * 1000 / hz + number(&header[22..23]);
        let channels = if &header[24..26] == "11" { 1 } else { 2 };
        let is_protected = &header[15..16] == "0";
        let side_at = if is_protected { 6 } else { 4 };
        let side_bytes = match (is_1, channels) {
            (true, 2) => 32,
            (true, _) | (false, 2) => 17,
            (false, _) => 9,
        };
        let frame = &bytes[at..(at + length).min(bytes.len())];
        let text = bit_text(frame);
        // main_data_begin and private bits; shared scale factors only in MPEG-1.
        let mut bit = side_at * 8
            + match (is_1, channels) {
                (true, 1) => 9 + 5 + 4,
                (true, _) => 9 + 3 + 8,
                (false, 1) => 8 + 1,
                (false, _) => 8 + 2,
            };
        let mut gains = Vec::new();
        for _ in 0..channels * if is_1 { 2 } else { 1 } {
            gains.push((bit + 12 + 9, number(&text[bit..bit + 12])));
            bit += 12 + 9 + 8 + if is_1 { 4 } else { 9 } + 1 + 22 + if is_1 { 3 } else { 2 };
        }
        assert_eq!(bit, (side_at + side_bytes) * 8);
        let is_info = [&b"Xing"[..], b"Info"]
            .iter()
            .any(|word| frame.windows(4).take(60).any(|window| window == *word));
        if !is_info {
            frames.push(Frame {
                at,
                length: frame.len(),
                gains,
                checksum: is_protected.then(|| {
                    let stored = u16::from_be_bytes([frame[4], frame[5]]);
                    (
                        stored,
                        divided(&format!("{}{}", &text[16..32], &text[side_at * 8..bit])),
                    )
                }),
            });
        }
        at += length;
    }
    frames
}

/// The gain that begins at this bit of a frame.
pub fn gain(frame: &[u8], bit: usize) -> usize {
    number(&bit_text(frame)[bit..bit + 8])
}

/// The frame with its gains and its checksum taken out.
pub fn without_gains(bytes: &[u8], frame: &Frame) -> String {
    let mut text = bit_text(&bytes[frame.at..frame.at + frame.length]);
    for (bit, _) in &frame.gains {
        text.replace_range(bit..&(bit + 8), "gggggggg");
    }
    if frame.checksum.is_some() {
        text.replace_range(32..48, "cccccccccccccccc");
    }
    text
}
