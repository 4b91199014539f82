//! One PCM sample: from bytes to a number and back.

/// How a sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    /// A whole number, little-endian; of 8 bits: unsigned around 128, else signed.
    Integer {
        /// 1 to 4.
        bytes: usize,
        /// Low bits of the container that hold no signal.
        idle_bits: u32,
    },
    /// IEEE 754, 4 bytes.
    Float32,
    /// IEEE 754, 8 bytes.
    Float64,
}

impl Sample {
    /// Whole numbers in a container of so many bits, of which the upper ones hold signal; none for
    /// sizes that are not read here.
    pub(super) fn integer(container_bits: u16, valid_bits: u16) -> Option<Self> {
        let idle_bits = u32::from(container_bits.checked_sub(valid_bits)?);
        let bytes = match container_bits {
            8 => 1,
            16 => 2,
            24 => 3,
            32 => 4,
            _ => return None,
        };
        (valid_bits >= 8).then_some(Self::Integer { bytes, idle_bits })
    }

    /// Floats of so many bits.
    pub(super) fn float(bits: u16) -> Option<Self> {
        match bits {
            32 => Some(Self::Float32),
            64 => Some(Self::Float64),
            _ => None,
        }
    }

    pub(in super::super) fn is_float(self) -> bool {
        match self {
            Self::Float32 | Self::Float64 => true,
            Self::Integer { .. } => false,
        }
    }

    /// Its length.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Integer { bytes, .. } => bytes,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// `16-bit`, `24-bit in 32`, `32-bit float`.
    pub(super) fn words(self) -> String {
        match self {
            Self::Integer { bytes, idle_bits: 0 } => format!("{}-bit", bytes * 8),
            Self::Integer { bytes, idle_bits } => {
                let bits = bytes * 8;
                format!("{}-bit in {bits}", bits.saturating_sub(idle_bits as usize))
            }
            Self::Float32 => "32-bit float".to_owned(),
            Self::Float64 => "64-bit float".to_owned(),
        }
    }

    /// The number in units of full scale (1.0); bytes of another length give silence.
    pub(super) fn amplitude(self, raw: &[u8]) -> f32 {
        match self {
            Self::Integer { bytes, .. } => (f64::from(signed(raw)) / full_scale(bytes)) as f32,
            Self::Float32 => raw.first_chunk::<4>().map_or(0.0, |four| f32::from_le_bytes(*four)),
            Self::Float64 => raw.first_chunk::<8>().map_or(0.0, |eight| f64::from_le_bytes(*eight)) as f32,
        }
    }
}

/// One more than the largest whole number of so many bytes.
pub(super) fn full_scale(bytes: usize) -> f64 {
    match bytes {
        1 => 128.0,
        2 => 32_768.0,
        3 => 8_388_608.0,
        _ => 2_147_483_648.0,
    }
}

/// A whole number of 1 to 4 bytes, 8 bits taken around 128.
pub(super) fn signed(raw: &[u8]) -> i32 {
    match *raw {
        [a] => i32::from(a) - 128,
        [a, b] => i32::from(i16::from_le_bytes([a, b])),
        // Shifted up and down again so that the sign fills the upper byte.
        [a, b, c] => i32::from_le_bytes([0, a, b, c]) >> 8,
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// Writes a whole number back into its 1 to 4 bytes; it must be in their range.
pub(super) fn put_signed(raw: &mut [u8], value: i32) {
    match raw {
        [a] => *a = (value + 128).clamp(0, 255) as u8,
        more => {
            let bytes = value.to_le_bytes();
            for (to, from) in more.iter_mut().zip(bytes) {
                *to = from;
            }
        }
    }
}
