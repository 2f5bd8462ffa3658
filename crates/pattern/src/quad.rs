//! Four numbers with dots between, as addresses of IPv4 are written: in each line that names one, of another length each
//! time, so that a walk from byte to byte would take a wrong turn at each dot. Here all bytes are looked at together.
use std::net::Ipv4Addr;

/// The longest has four times three digits.
const LONGEST: usize = 15;
/// One of so many bytes or more is read in two halves that overlap.
const HALF: usize = 8;

/// The same byte everywhere.
const fn each(byte: u8) -> u128 {
    u128::from_le_bytes([byte; 16])
}

/// Four numbers of one to three digits, and how many digits they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quad {
    numbers: [u32; 4],
    lengths: [u32; 4],
}

/// Whether this is four numbers of one to three digits with dots between; they may be too great for an address.
pub(crate) fn is_dotted_quad(text: &[u8]) -> bool {
    Quad::read(text).is_some()
}

/// An address of IPv4, as the standard library reads it.
pub fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let Quad { numbers, lengths } = Quad::read(text.as_bytes())?;
    let usual = |number: u32| 1 + u32::from(number > 9) + u32::from(number > 99);
    // None has a zero before it.
    let is_usual = numbers.map(usual) == lengths;
    let [a, b, c, d] = numbers.map(|number| u8::try_from(number).ok());
    is_usual.then_some(Ipv4Addr::new(a?, b?, c?, d?))
}

impl Quad {
    #[inline(always)]
    fn read(text: &[u8]) -> Option<Quad> {
        let bytes = first_bytes(text)?;
        let length = text.len() as u32;
        let used = !(u128::MAX << (8 * length));
        // What is zero there is a dot, and what is below ten here is a digit: the highest bit of each byte tells.
        let from_dot = bytes ^ each(b'.');
        let dots = !(((from_dot & each(0x7f)) + each(0x7f)) | from_dot) & each(0x80) & used;
        let digits = bytes ^ each(b'0');
        let no_digits = (((digits & each(0x7f)) + each(0x80 - 10)) | digits) & each(0x80) & used;
        if no_digits != dots || dots.count_ones() != 3 {
            return None;
        }
        let second = dots & (dots - 1);
        let third = second & (second - 1);
        let [one, two, three] = [dots, second, third].map(|dots| dots.trailing_zeros() / 8);
        let starts = [0, one + 1, two + 1, three + 1];
        let ends = [one, two, three, length];
        let lengths = std::array::from_fn(|at| ends[at] - starts[at]);
        if lengths.iter().any(|length: &u32| !(1..=3).contains(length)) {
            return None;
        }
        // With room for as many bytes as are read at once.
        let mut all_digits = [0; 16 + 4];
        all_digits[..16].copy_from_slice(&digits.to_le_bytes());
        let number = |at: usize| {
            let digits = all_digits.get(starts[at] as usize..).and_then(<[u8]>::first_chunk);
            // The last one comes to stand at the third place.
            let three = u32::from_le_bytes(digits.copied().unwrap_or_default()) << (8 * (3 - lengths[at]));
            let [hundreds, tens, ones, _] = three.to_le_bytes().map(u32::from);
            100 * hundreds + 10 * tens + ones
        };
        Some(Quad {
            numbers: [0, 1, 2, 3].map(number),
            lengths,
        })
    }
}

/// The text's bytes, the first of them lowest, with nothing behind them; none if they are too few or too many.
fn first_bytes(text: &[u8]) -> Option<u128> {
    if text.len() > LONGEST {
        return None;
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<HALF>(), text.last_chunk::<HALF>()) {
        let [first, last] = [first, last].map(|half| u128::from(u64::from_le_bytes(*half)));
        return Some(first | last << (8 * (text.len() - HALF)));
    }
    // "1.1.1.1" is the shortest.
    let (first, last) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
    let [first, last] = [first, last].map(|half| u128::from(u32::from_le_bytes(*half)));
    Some(first | last << (8 * (text.len() - 4)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_quad_by_walking(text: &str) -> bool {
        let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split('.').all(is_number) && text.split('.').count() == 4
    }

    #[test]
    fn what_is_nearly_an_address_is_none() {
        for text in [
            "",
            "1",
            "1.1.1",
            "1.1.1.",
            ".1.1.1",
            "1..1.1",
            "1.1.1.1.1",
            "1111.1.1.1",
            "1.1.1.1111",
            "1.1.1.1 ",
            "1.1.1./",
            "1.1.1.:",
            "1.1.1.\u{b1}",
            "a.b.c.d",
            "1.2.3.4.5.6.7.8",
            "123.123.123.1234",
            "\u{ae}.1.1.1",
            "1.1.1.-1",
        ] {
            assert_eq!((is_dotted_quad(text.as_bytes()), ipv4(text)), (false, None), "{text}");
        }
        assert!(is_dotted_quad(b"999.999.999.999") && is_dotted_quad(b"01.1.1.1"));
        assert_eq!(
            (ipv4("256.1.1.1"), ipv4("01.1.1.1"), ipv4("1.1.1.00")),
            (None, None, None)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]
        #[test]
        fn it_is_read_as_the_standard_library_does(
            text in prop_oneof![
                "[0-9./:a\u{b1}\u{ae}]{0,17}",
                "[0-9]{1,4}\\.[0-9]{1,3}\\.[0-9]{0,3}\\.[0-9]{1,4}",
                "[12]?[0-9]?[0-9]\\.[12]?[0-9]?[0-9]\\.[12]?[0-9]?[0-9]\\.[12]?[0-9]?[0-9]",
            ],
        ) {
            prop_assert_eq!(ipv4(&text), text.parse().ok());
            prop_assert_eq!(is_dotted_quad(text.as_bytes()), is_quad_by_walking(&text));
        }
    }
}
