//! WAV files made in memory. Tests only.

/// The header of a WAV file: tag, bits of a sample, channels, frames in a second.
#[derive(Debug, Clone, Copy)]
pub struct Form(pub u16, pub u16, pub u16, pub u32);

/// 16-bit mono at 8 kHz.
pub const PLAIN: Form = Form(1, 16, 1, 8_000);

/// A chunk of this name, padded to an even length with a byte that is not 0, so that a writer who
/// makes it anew is found out.
pub fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    if body.len() % 2 == 1 {
        out.push(0x5a);
    }
    out
}

/// The body of a `fmt ` chunk.
pub fn fmt_body(Form(tag, bits, channels, rate_hz): Form) -> Vec<u8> {
    let frame_bytes = channels * bits / 8;
    let mut body = tag.to_le_bytes().to_vec();
    body.extend(channels.to_le_bytes());
    body.extend(rate_hz.to_le_bytes());
    body.extend((rate_hz * u32::from(frame_bytes)).to_le_bytes());
    body.extend(frame_bytes.to_le_bytes());
    body.extend(bits.to_le_bytes());
    body
}

/// The body of an extensible `fmt ` chunk whose samples are of this tag, with so many bits in use.
pub fn extensible_body(form: Form, valid_bits: u16) -> Vec<u8> {
    let mut body = fmt_body(Form(0xfffe, form.1, form.2, form.3));
    body.extend(22_u16.to_le_bytes());
    body.extend(valid_bits.to_le_bytes());
    body.extend(3_u32.to_le_bytes());
    body.extend(form.0.to_le_bytes());
    body.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    body
}

/// A RIFF file of these chunks.
pub fn riff(chunks: &[u8]) -> Vec<u8> {
    let mut out = b"RIFF".to_vec();
    out.extend((chunks.len() as u32 + 4).to_le_bytes());
    out.extend(b"WAVE");
    out.extend(chunks);
    out
}

/// A file of nothing but format and samples.
pub fn wav(form: Form, samples: &[u8]) -> Vec<u8> {
    riff(&[chunk(b"fmt ", &fmt_body(form)), chunk(b"data", samples)].concat())
}

/// The bytes of 16-bit samples.
pub fn of_16_bits(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Half a second of a tone of 400 Hz with this peak, 16-bit mono at 8 kHz.
pub fn tone(peak: i16) -> Vec<u8> {
    let samples: Vec<i16> = (0..4_000)
        .map(|n| (f64::from(peak) * (f64::from(n) * std::f64::consts::TAU / 20.0).sin()).round() as i16)
        .collect();
    wav(PLAIN, &of_16_bits(&samples))
}
