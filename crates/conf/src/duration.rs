//! Durations: numbers with units, added up or calculated with (`1d 12h`, `1h30`, `2w - 1d`, `-1`).

use crate::python::is_word;
use std::fmt;

/// Seconds, whole as long as everything in the text was whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seconds {
    /// A whole number of seconds.
    Whole(i64),
    /// A number of seconds with a fraction, or one that a month or a year contributed to.
    Fraction(f64),
}

impl Seconds {
    /// As a floating point number.
    pub fn as_f64(self) -> f64 {
        match self {
            Seconds::Whole(number) => number as f64,
            Seconds::Fraction(number) => number,
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seconds::Whole(number) => number.fmt(f),
            Seconds::Fraction(number) => write!(f, "{number:?}"),
        }
    }
}

const EXPECTED: &str = "expected something like `600`, `10m` or `1d 12h`";

/// The factor of a unit's name, as text, so that months and years stay fractions.
fn unit(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "s" | "ss" | "se" | "sec" | "second" | "seconds" => "*1",
        "m" | "mm" | "mi" | "min" | "minute" | "minutes" => "*60",
        "h" | "hh" | "ho" | "hou" | "hour" | "hours" => "*3600",
        "d" | "dd" | "da" | "day" | "days" => "*86400",
        "w" | "ww" | "we" | "wee" | "week" | "weeks" => "*604800",
        "mo" | "mon" | "month" | "months" => "*2629800.0",
        "y" | "yy" | "ye" | "yea" | "year" | "years" => "*31557600.0",
        _ => return None,
    })
}

/// Reads a duration. The error says what is wrong with it, without repeating it.
pub fn parse(text: &str) -> Result<Seconds, String> {
    if text.len() > 1000 {
        return Err("a duration is not that long".to_owned());
    }
    let expression = join_terms(&replace_units(&separate(text)));
    let mut reader = Expression {
        text: &expression,
        at: 0,
        depth: 0,
    };
    let value = reader.sum()?;
    reader.skip();
    match reader.rest().chars().next() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected()),
    }
}

/// `1d12h` to `1d 12h`.
fn separate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        if before.is_ascii_alphabetic() && c.is_ascii_digit() {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}

/// `1d` to `1*86400`: a unit is a whole word behind a digit or white space.
fn replace_units(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let follows = before.is_some_and(|c: char| c.is_ascii_digit() || c.is_whitespace());
        let (word, tail) = rest.split_at(length);
        match unit(word).filter(|_| follows) {
            Some(factor) => {
                out.push_str(factor);
                before = Some('0');
                rest = tail;
            }
            None => {
                out.push(c);
                before = Some(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// `1 2` to `1+2`. The digit behind the white space can't also be the one before the next, as in the original.
fn join_terms(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        let behind = tail.trim_start();
        let digit = behind.chars().next().filter(char::is_ascii_digit);
        out.push(c);
        rest = tail;
        if let Some(digit) = digit.filter(|_| c.is_ascii_digit() && behind.len() < tail.len()) {
            out.push('+');
            out.push(digit);
            rest = behind.get(1..).unwrap_or_default();
        }
    }
    out
}

struct Expression<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

type Number = Result<Seconds, String>;

impl Expression<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// What is wrong with the text from here on.
    fn unexpected(&self) -> String {
        let word: String = self.rest().chars().take_while(|c| is_word(*c)).collect();
        match word.chars().next() {
            Some(c) if c.is_alphabetic() => {
                format!("`{word}` is no unit of time; known are s, m, h, d, w, mo, y")
            }
            _ => EXPECTED.to_owned(),
        }
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        let taken = self.rest().starts_with(token);
        if taken {
            self.at += token.len();
        }
        taken
    }

    fn sum(&mut self) -> Number {
        let mut value = self.product()?;
        loop {
            if self.take("+") {
                value = calculate(value, self.product()?, i64::checked_add, |a, b| a + b)?;
            } else if self.take("-") {
                value = calculate(value, self.product()?, i64::checked_sub, |a, b| a - b)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Number {
        let mut value = self.signed()?;
        loop {
            if self.take("**") {
                return Err("powers are not known here".to_owned());
            } else if self.take("*") {
                value = calculate(value, self.signed()?, i64::checked_mul, |a, b| a * b)?;
            } else if self.take("//") {
                let divisor = not_zero(self.signed()?)?;
                value = calculate(value, divisor, floor_div, |a, b| (a / b).floor())?;
            } else if self.take("/") {
                value = Seconds::Fraction(value.as_f64() / not_zero(self.signed()?)?.as_f64());
            } else if self.take("%") {
                let divisor = not_zero(self.signed()?)?;
                value = calculate(value, divisor, floor_mod, |a, b| a - b * (a / b).floor())?;
            } else {
                return Ok(value);
            }
        }
    }

    fn signed(&mut self) -> Number {
        let mut negative = false;
        loop {
            if self.take("-") {
                negative = !negative;
            } else if !self.take("+") {
                break;
            }
        }
        let value = self.term()?;
        if negative {
            calculate(Seconds::Whole(0), value, i64::checked_sub, |_, b| -b)
        } else {
            Ok(value)
        }
    }

    fn term(&mut self) -> Number {
        if self.take("(") {
            self.depth += 1;
            if self.depth > 50 {
                return Err("too many brackets".to_owned());
            }
            let value = self.sum()?;
            self.depth -= 1;
            return if self.take(")") {
                Ok(value)
            } else {
                Err("a bracket is not closed".to_owned())
            };
        }
        self.skip();
        let length = self
            .rest()
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(self.rest().len());
        let digits = self.rest().get(..length).unwrap_or_default().to_owned();
        if digits.is_empty() {
            return Err(self.unexpected());
        }
        self.at += length;
        number(&digits)
    }
}

fn number(digits: &str) -> Number {
    let wrong = || EXPECTED.to_owned();
    if digits.contains('.') {
        return digits
            .parse()
            .ok()
            .filter(|_| digits != ".")
            .map(Seconds::Fraction)
            .ok_or_else(wrong);
    }
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0') {
        return Err("a number must not begin with a zero".to_owned());
    }
    digits.parse().map(Seconds::Whole).map_err(|_| too_large())
}

fn too_large() -> String {
    "the number is too large".to_owned()
}

fn calculate(a: Seconds, b: Seconds, whole: fn(i64, i64) -> Option<i64>, fraction: fn(f64, f64) -> f64) -> Number {
    match (a, b) {
        (Seconds::Whole(a), Seconds::Whole(b)) => whole(a, b).map(Seconds::Whole).ok_or_else(too_large),
        (a, b) => Ok(Seconds::Fraction(fraction(a.as_f64(), b.as_f64()))),
    }
}

fn not_zero(value: Seconds) -> Number {
    if value.as_f64() == 0.0 {
        Err("nothing can be divided by zero".to_owned())
    } else {
        Ok(value)
    }
}

fn floor_div(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    if a.checked_rem(b)? != 0 && (a < 0) != (b < 0) {
        quotient.checked_sub(1)
    } else {
        Some(quotient)
    }
}

fn floor_mod(a: i64, b: i64) -> Option<i64> {
    a.checked_sub(floor_div(a, b)?.checked_mul(b)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(duration: &str) -> String {
        parse(duration).map_or_else(|error| error, |seconds| seconds.to_string())
    }

    #[test]
    fn durations_are_calculated_as_the_original_calculates_them() {
        for (duration, seconds) in [
            ("600", "600"),
            ("10m", "600"),
            ("-1", "-1"),
            ("1h30", "3630"),
            ("1d 12h", "129600"),
            ("1d12h", "129600"),
            ("5M", "300"),
            ("1d-1h", "82800"),
            ("1mo", "2629800.0"),
            ("1year-6mo", "15778800.0"),
            ("2 weeks", "1209600"),
            ("(1+2)*2h", "21600"),
            ("1.5h", "5400.0"),
            ("7/2", "3.5"),
            ("7//2", "3"),
            ("-7 % 3", "2"),
            ("1 2", "3"),
            ("0", "0"),
            ("1hour+30min", "5400"),
            ("0d 1h 30m", "5400"),
        ] {
            assert_eq!(text(duration), seconds, "{duration}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for wrong in [
            "",
            "m",
            "10 minuts",
            "1 2 3",
            "1e3",
            "010",
            "1/0",
            "(1",
            "1..2",
            "2**3",
            "99999999999999999999",
            "x",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(text("10 minuts").contains("minuts"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_panics_the_calculation(duration in "[0-9dhmwoy +*/%().é-]{0,20}") {
            let _ = parse(&duration);
        }
    }
}
