//! Exact decimal numbers: durations are compared, summed and converted without the roundings of
//! floating point.

use std::cmp::Ordering;
use std::fmt;

/// Digits after the point that are kept at most.
const SCALE_MAX: u32 = 20;
/// Integer part below 10^15: with 20 decimals that is 10^35, well inside `i128`.
const INTEGER_DIGITS_MAX: u32 = 15;

/// `digits · 10^-scale`, without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// Nothing.
    pub(super) const ZERO: Self = Self { digits: 0, scale: 0 };

    /// Reads a JSON number exactly; `None` when it has more digits than durations need (15 before
    /// the point, 20 after it).
    pub(super) fn parse(literal: &str) -> Option<Self> {
        let (mantissa, exponent) = match literal.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (literal, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if whole.len() + fraction.len() > 36 {
            return None;
        }
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Self::made(if negative { -digits } else { digits }, scale)
    }

    /// Brings digits and scale into range and drops trailing zeros.
    fn made(mut digits: i128, mut scale: i32) -> Option<Self> {
        if digits == 0 {
            return Some(Self::ZERO);
        }
        if scale < 0 {
            let power = u32::try_from(-scale)
                .ok()
                .filter(|power| *power <= INTEGER_DIGITS_MAX)?;
            digits = digits.checked_mul(10_i128.pow(power))?;
            scale = 0;
        }
        while scale > 0 && digits % 10 == 0 {
            digits /= 10;
            scale -= 1;
        }
        let scale = u32::try_from(scale).ok().filter(|scale| *scale <= SCALE_MAX)?;
        let is_small = digits.unsigned_abs() < 10_u128.pow(INTEGER_DIGITS_MAX + scale);
        is_small.then_some(Self { digits, scale })
    }

    /// The value times 10^power.
    pub(super) fn shifted(self, power: i32) -> Option<Self> {
        Self::made(self.digits, i32::try_from(self.scale).ok()?.checked_sub(power)?)
    }

    fn aligned(self, other: Self) -> (i128, i128, u32) {
        let scale = self.scale.max(other.scale);
        // Both parts are below 10^35 after this by the range that `made` enforces.
        (
            self.digits * 10_i128.pow(scale - self.scale),
            other.digits * 10_i128.pow(scale - other.scale),
            scale,
        )
    }

    /// The sum, unless it leaves the range.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other);
        Self::made(a.checked_add(b)?, i32::try_from(scale).ok()?)
    }

    /// The difference, unless it leaves the range.
    pub(super) fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self {
            digits: -other.digits,
            scale: other.scale,
        })
    }

    /// `self · by / of`, rounded half up to so many decimals; `None` for a zero divisor or out of
    /// range.
    pub(super) fn scaled(self, by: Self, of: Self, decimals: u32) -> Option<Self> {
        // self·by/of = (s·b·10^(of.scale)) / (o·10^(s.scale+b.scale)), taken to `decimals` more
        // digits.
        let mut above = self.digits.checked_mul(by.digits)?;
        let mut below = of.digits;
        let power = i64::from(of.scale) + i64::from(decimals) - i64::from(self.scale) - i64::from(by.scale);
        let factor = 10_i128.checked_pow(u32::try_from(power.unsigned_abs()).ok()?)?;
        if power >= 0 {
            above = above.checked_mul(factor)?;
        } else {
            below = below.checked_mul(factor)?;
        }
        if below == 0 {
            return None;
        }
        let doubled = above.checked_mul(2)?.checked_add(below)?;
        let digits = doubled.div_euclid(below.checked_mul(2)?);
        Self::made(digits, i32::try_from(decimals).ok()?)
    }

    /// Whether there is nothing after the point.
    pub(super) fn is_whole(self) -> bool {
        self.scale == 0
    }

    /// Whether it is above zero.
    pub(super) fn is_positive(self) -> bool {
        self.digits > 0
    }

    /// The whole numbers below and above; the same twice for a whole number.
    pub(super) fn whole_neighbours(self) -> (Self, Self) {
        let unit = 10_i128.pow(self.scale);
        let floor = self.digits.div_euclid(unit);
        let ceiling = if self.scale == 0 { floor } else { floor + 1 };
        (
            Self {
                digits: floor,
                scale: 0,
            },
            Self {
                digits: ceiling,
                scale: 0,
            },
        )
    }

    /// Written as the literal it replaces was written: an integer without a point, a fraction with
    /// one, and with as many decimals as a literal that was padded with zeros. `None` when a
    /// fraction would have to stand where an integer stood.
    pub(super) fn written_like(self, literal: &str) -> Option<String> {
        if !is_fraction_style(literal) {
            return self.is_whole().then(|| self.to_string());
        }
        let decimals = literal
            .split_once('.')
            .filter(|_| !literal.contains(['e', 'E']))
            .map_or("", |(_, fraction)| fraction);
        let wanted = if decimals.ends_with('0') { decimals.len() } else { 1 };
        let mut out = self.to_string();
        if self.scale == 0 {
            out.push('.');
        }
        let have = usize::try_from(self.scale).unwrap_or(0);
        out.extend(std::iter::repeat_n('0', wanted.saturating_sub(have)));
        Some(out)
    }
}

/// Whether a number is written with a point or an exponent.
pub(super) fn is_fraction_style(literal: &str) -> bool {
    literal.contains(['.', 'e', 'E'])
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b, _) = self.aligned(*other);
        a.cmp(&b)
    }
}

impl From<u32> for Decimal {
    fn from(value: u32) -> Self {
        Self {
            digits: i128::from(value),
            scale: 0,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.pow(self.scale);
        let digits = self.digits.unsigned_abs();
        if self.digits < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", digits / unit)?;
        if self.scale > 0 {
            let width = usize::try_from(self.scale).unwrap_or(0);
            write!(f, ".{:0width$}", digits % unit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(literal: &str) -> Decimal {
        Decimal::parse(literal).unwrap()
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (literal, shown) in [
            ("306.0", "306"),
            ("0.1", "0.1"),
            ("-1.50", "-1.5"),
            ("1.2e4", "12000"),
            ("12E-3", "0.012"),
            ("0e99", "0"),
            ("86400", "86400"),
            ("12.333333333333334", "12.333333333333334"),
            ("0.0", "0"),
        ] {
            assert_eq!(decimal(literal).to_string(), shown, "{literal}");
        }
        for literal in [
            "1e99",
            "1e-99",
            "1e2147483648",
            "123456789012345678901234567890",
            "1e-2147483648",
            "1000000000000000",
        ] {
            assert_eq!(Decimal::parse(literal), None, "{literal}");
        }
    }

    #[test]
    fn sums_and_scaling_are_exact() {
        assert_eq!(decimal("0.1").plus(decimal("0.2")), Some(decimal("0.3")));
        assert_eq!(decimal("62").minus(decimal("62.5")), Some(decimal("-0.5")));
        assert_eq!(decimal("19.5").shifted(3), Some(decimal("19500")));
        assert_eq!(
            decimal("6000").scaled(decimal("19"), decimal("12"), 0),
            Some(decimal("9500"))
        );
        assert_eq!(
            decimal("1").scaled(decimal("1"), decimal("3"), 3),
            Some(decimal("0.333"))
        );
        assert_eq!(decimal("0.5").scaled(decimal("1"), decimal("1"), 0), Some(decimal("1")));
        assert_eq!(decimal("1").scaled(decimal("1"), Decimal::ZERO, 3), None);
        assert_eq!(decimal("1000.5").whole_neighbours(), (decimal("1000"), decimal("1001")));
        assert!(decimal("9.99") < decimal("10"));
    }

    #[test]
    fn a_number_keeps_the_style_of_the_one_it_replaces() {
        for (value, like, written) in [
            ("19", "12", Some("19")),
            ("19", "306.0", Some("19.0")),
            ("19", "12.50", Some("19.00")),
            ("19.125", "12.50", Some("19.125")),
            ("19.5", "12", None),
            ("19", "1.2e1", Some("19.0")),
            ("19", "12.345", Some("19.0")),
            ("19.25", "1.0", Some("19.25")),
        ] {
            assert_eq!(
                decimal(value).written_like(like).as_deref(),
                written,
                "{value} like {like}"
            );
        }
    }
}
