//! Bits written into bytes, the most significant first.

/// A growing run of bits.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    length_bits: usize,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `value`, at most 32.
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.length_bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                let bit = ((value >> shift) & 1) as u8;
                *last |= bit << (7 - self.length_bits % 8);
            }
            self.length_bits += 1;
        }
    }

    /// Bits written so far.
    pub(crate) fn length_bits(&self) -> usize {
        self.length_bits
    }

    /// The bytes, filled up with zeros to `length_bytes`; never cut.
    pub(crate) fn into_bytes(mut self, length_bytes: usize) -> Vec<u8> {
        let length_bytes = length_bytes.max(self.bytes.len());
        self.bytes.resize(length_bytes, 0);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::BitWriter;

    #[test]
    fn bits_are_packed_from_the_top_and_padded_with_zeros() {
        let mut bits = BitWriter::default();
        bits.put(0b101, 3);
        bits.put(0x7ff, 11);
        assert_eq!(bits.length_bits(), 14);
        assert_eq!(bits.into_bytes(4), vec![0b1011_1111, 0b1111_1100, 0, 0]);
    }
}
