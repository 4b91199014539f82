//! Samples out of frames, by symphonia's decoder. Only its decoder: the frames are found by our own
//! walk, so that what is measured is what is changed.

use symphonia::core::audio::Audio;
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::MpaDecoder;

use super::super::AudioFault;
use super::walk::Stream;

/// Gives every frame's samples, channels interleaved, to `heard`; returns how many frames could not
/// be decoded and were given as silence.
pub(super) fn decode(stream: &Stream, bytes: &[u8], mut heard: impl FnMut(&mut [f32])) -> Result<usize, AudioFault> {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_MP3);
    // Decoding must not hide what an encoder added: its peaks clip like any other.
    let options = AudioDecoderOptions::default().gapless(false);
    let mut decoder = MpaDecoder::try_new(&parameters, &options)
        .map_err(|error| AudioFault::new(format!("MP3 cannot be decoded: {error}")))?;
    let mut samples: Vec<f32> = Vec::new();
    let mut undecoded = 0;
    for frame in stream.frames() {
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, frame.of(bytes));
        samples.clear();
        match decoder.decode_ref(&packet) {
            Ok(GenericAudioBufferRef::F32(buffer)) => {
                samples.resize(buffer.samples_interleaved(), 0.0);
                buffer.copy_to_slice_interleaved(&mut samples);
            }
            Ok(_) | Err(_) => {
                undecoded += 1;
                samples.resize(frame.header.samples() as usize * frame.header.channels(), 0.0);
            }
        }
        heard(&mut samples);
    }
    Ok(undecoded)
}
