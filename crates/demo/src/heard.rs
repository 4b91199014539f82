//! What an independent decoder (symphonia) makes of the sound the demo wrote. Tests only.

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Decoded sound, channels interleaved.
pub(crate) struct Heard {
    pub(crate) samples: Vec<f32>,
    pub(crate) sample_rate_hz: u32,
    pub(crate) channels: usize,
}

impl Heard {
    /// Root mean square of all samples.
    pub(crate) fn rms(&self) -> f64 {
        let sum: f64 = self.samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (sum / self.samples.len().max(1) as f64).sqrt()
    }
}

/// Decodes a whole file; any error fails the test.
pub(crate) fn decode(bytes: Vec<u8>, extension: &str) -> Heard {
    let stream = MediaSourceStream::new(Box::new(std::io::Cursor::new(bytes)), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(extension);
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .unwrap();
    let mut heard = Heard {
        samples: Vec::new(),
        sample_rate_hz: 0,
        channels: 0,
    };
    while let Some(packet) = format.next_packet().unwrap() {
        let buffer = decoder.decode(&packet).unwrap();
        heard.sample_rate_hz = buffer.spec().rate();
        heard.channels = buffer.spec().channels().count();
        let mut part = vec![0.0f32; buffer.samples_interleaved()];
        buffer.copy_to_slice_interleaved(&mut part);
        heard.samples.extend(part);
    }
    heard
}
