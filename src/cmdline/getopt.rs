//! Splits arguments into options and words as the original's programs do: long options may be shortened as long as
//! they stay unique, short ones stand together, and the first word ends the options.

/// Which options there are.
pub(super) struct Known {
    /// Letters of the short options; one with a value is followed by a colon.
    pub(super) short: &'static str,
    /// Names of the long options; one with a value ends in `=`.
    pub(super) long: &'static [&'static str],
}

/// An option as it was given: `-c` or `--conf`, in full.
pub(super) type Given = (String, String);

/// Options and remaining words; `None` for options that don't exist, are ambiguous, or lack or have a value wrongly.
pub(super) fn split(args: &[String], known: &Known) -> Option<(Vec<Given>, Vec<String>)> {
    let mut options = Vec::new();
    let mut rest = args.iter();
    while let [first, ..] = rest.as_slice() {
        if first == "--" {
            rest.next();
            break;
        }
        if let Some(long) = first.strip_prefix("--") {
            rest.next();
            options.push(self::long(long, &mut rest, known)?);
        } else if first.len() > 1
            && let Some(letters) = first.strip_prefix('-')
        {
            rest.next();
            short(letters, &mut rest, known, &mut options)?;
        } else {
            break;
        }
    }
    Some((options, rest.cloned().collect()))
}

fn long<'a>(given: &str, rest: &mut impl Iterator<Item = &'a String>, known: &Known) -> Option<Given> {
    let (name, value) = match given.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (given, None),
    };
    let candidates: Vec<&str> = known
        .long
        .iter()
        .filter(|option| option.starts_with(name))
        .copied()
        .collect();
    let exact = candidates
        .iter()
        .find(|option| option.strip_suffix('=').unwrap_or(option) == name);
    let option = match (exact, candidates.as_slice()) {
        (Some(exact), _) => exact,
        (None, [only]) => only,
        _ => return None,
    };
    match (option.strip_suffix('='), value) {
        (Some(option), Some(value)) => Some((format!("--{option}"), value)),
        (Some(option), None) => Some((format!("--{option}"), rest.next()?.clone())),
        (None, None) => Some((format!("--{option}"), String::new())),
        (None, Some(_)) => None,
    }
}

fn short<'a>(
    letters: &str,
    rest: &mut impl Iterator<Item = &'a String>,
    known: &Known,
    options: &mut Vec<Given>,
) -> Option<()> {
    let mut letters = letters.chars();
    while let Some(letter) = letters.next() {
        let at = known.short.find(letter).filter(|_| letter != ':')?;
        let takes_value = known
            .short
            .get(at + letter.len_utf8()..)
            .is_some_and(|after| after.starts_with(':'));
        if !takes_value {
            options.push((format!("-{letter}"), String::new()));
            continue;
        }
        let value = match letters.as_str() {
            "" => rest.next()?.clone(),
            attached => attached.to_owned(),
        };
        options.push((format!("-{letter}"), value));
        break;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const KNOWN: Known = Known {
        short: "c:tv",
        long: &["conf=", "test", "timeout=", "dp", "dump-pretty"],
    };

    fn shown(args: &[&str]) -> Option<String> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (options, words) = split(&args, &KNOWN)?;
        let options: Vec<String> = options
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(format!("{} | {}", options.join(" "), words.join(" ")))
    }

    #[test]
    fn the_first_word_ends_the_options() {
        assert_eq!(shown(&["-t", "set", "-v", "--test"]).unwrap(), "-t= | set -v --test");
        assert_eq!(shown(&["-v", "-", "-v"]).unwrap(), "-v= | - -v");
        assert_eq!(shown(&["--", "-v"]).unwrap(), " | -v");
    }

    #[test]
    fn short_options_stand_together_and_values_may_be_attached() {
        assert_eq!(shown(&["-vtcDIR", "x"]).unwrap(), "-v= -t= -c=DIR | x");
        assert_eq!(shown(&["-vtc", "DIR"]).unwrap(), "-v= -t= -c=DIR | ");
    }

    #[test]
    fn long_options_may_be_shortened_while_they_are_unique() {
        assert_eq!(
            shown(&["--co", "a", "--ti=b", "--du"]).unwrap(),
            "--conf=a --timeout=b --dump-pretty= | "
        );
        assert_eq!(shown(&["--t"]), None);
        assert_eq!(shown(&["--d"]), None);
        assert_eq!(shown(&["--dp"]).unwrap(), "--dp= | ");
    }

    #[test]
    fn wrong_options_are_refused() {
        for args in [["--bogus"], ["-x"], ["-c"], ["--test=1"], ["--conf"], ["-:"]] {
            assert_eq!(shown(&args), None, "{args:?}");
        }
    }
}
