//! The one form of a JSON value that hashes are taken of: RFC 8785, the JSON Canonicalization
//! Scheme.
//!
//! The chain of decisions rests on it: a form that changes by one byte makes every hash before it
//! look forged. So what the library makes is held here to the RFC's own examples, and to hashes
//! that were computed elsewhere.

use serde_json::Value;

/// The canonical form of a value; empty where it has none, which no value that was read from JSON
/// is.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::decision::SealedDecision;

    fn canonical(text: &str) -> String {
        String::from_utf8(bytes(&serde_json::from_str(text).unwrap())).unwrap()
    }

    /// RFC 8785 appendix B: the bits of a double, and its text.
    const NUMBERS: [(u64, &str); 24] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];

    #[test]
    fn numbers_are_written_as_in_the_appendix() {
        for (bits, text) in NUMBERS {
            let number = f64::from_bits(bits);
            let made = String::from_utf8(bytes(&json!(number))).unwrap();
            assert_eq!(made, text, "{bits:016x}");
            // And the same when it was read from a text.
            assert_eq!(canonical(&format!("{number:e}")), text, "{bits:016x}");
        }
        assert_eq!(
            canonical("[306.0, 4.50, 2e-3, 1E30, -0.0, 10, 1e2]"),
            "[306,4.5,0.002,1e+30,0,10,100]"
        );
    }

    #[test]
    fn names_are_sorted_by_their_utf_16_units() {
        // Section 3.2.3: by code points the emoji would come last.
        let text = r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
                       "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"#;
        assert_eq!(
            canonical(text),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\
             \"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
        assert_eq!(
            canonical(r#"{"b": {"z": 1, "a": [{"y": 2, "x": 3}]}, "a": {}}"#),
            r#"{"a":{},"b":{"a":[{"x":3,"y":2}],"z":1}}"#
        );
    }

    #[test]
    fn texts_are_escaped_no_more_than_they_must_be() {
        // Section 3.2.2.
        let text = r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                       "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#;
        assert_eq!(
            canonical(text),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        let controls = r#""\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f\u0080\u2028\u202e""#;
        assert_eq!(
            canonical(controls),
            "\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}\u{80}\u{2028}\u{202e}\""
        );
    }

    #[test]
    fn a_decision_of_old_bears_the_hash_that_was_computed_elsewhere() {
        let sealed: SealedDecision = serde_json::from_str(OLD).unwrap();
        assert_eq!(sealed.hash.to_string(), OLD_HASH);
        assert_eq!(sealed.computed_hash(), sealed.hash);
    }

    /// Made by holdpoint 0.1.0 of November 2026.
    const OLD: &str = include_str!("canonical_decision.json");
    /// Of that file by Python's json (sorted keys, no blanks, no escapes beyond the needed ones)
    /// and hashlib.
    const OLD_HASH: &str = "28a71a69ff76b3437465c5d9675e31b286c78cf1f0481965a7eb6b01a98885be";
}
