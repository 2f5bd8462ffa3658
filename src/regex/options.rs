//! The options of `fail2ban-regex`, which may stand anywhere among the arguments, be joined and be shortened.
use std::ffi::OsString;

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Configuration directory.
    pub config: String,
    pub datepattern: Option<String>,
    pub timezone: Option<String>,
    pub encoding: Option<String>,
    pub raw: bool,
    pub usedns: Option<String>,
    /// 0: not given
    pub maxlines: i64,
    pub journalmatch: Option<String>,
    pub log_level: String,
    /// How much is told; anything but 0 is more than usual.
    pub verbose: i64,
    pub verbose_date: bool,
    pub debuggex: bool,
    pub check_all: bool,
    pub out: Option<String>,
    pub invert: bool,
    pub print_no_missed: bool,
    pub print_no_ignored: bool,
    pub print_all_matched: bool,
    pub print_all_missed: bool,
    pub print_all_ignored: bool,
    pub json: bool,
    /// Explain the expressions in place of trying them.
    pub explain: bool,
    /// With `explain`: warnings make the exit code 1.
    pub strict: bool,
    /// LOG
    pub log: String,
    /// REGEX
    pub regex: String,
    /// IGNOREREGEX
    pub ignoreregex: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            config: "/etc/fail2ban".to_owned(),
            datepattern: None,
            timezone: None,
            encoding: None,
            raw: false,
            usedns: None,
            maxlines: 0,
            journalmatch: None,
            log_level: "critical".to_owned(),
            verbose: 0,
            verbose_date: false,
            debuggex: false,
            check_all: true,
            out: None,
            invert: false,
            print_no_missed: false,
            print_no_ignored: false,
            print_all_matched: false,
            print_all_missed: false,
            print_all_ignored: false,
            json: false,
            explain: false,
            strict: false,
            log: String::new(),
            regex: String::new(),
            ignoreregex: None,
        }
    }
}

impl Options {
    /// What a jail that reads LOG would have.
    pub fn backend(&self) -> &'static str {
        match self.log.starts_with(super::journal::NAME) {
            true => "systemd",
            false => "auto",
        }
    }
}

/// What the arguments come to.
#[derive(Debug)]
pub enum Parsed {
    Run(Box<Options>),
    Help,
    Version,
    ShortVersion,
}

/// What is wrong with the arguments.
#[derive(Debug)]
pub enum Wrong {
    /// An option that does not exist or lacks its value.
    Option(String),
    /// Options or arguments that do not go together.
    Use(Vec<String>),
}

/// All options: short and long names, whether a value follows.
const KNOWN: [(Option<char>, &[&str], bool); 27] = [
    (None, &["--version"], false),
    (Some('h'), &["--help"], false),
    (Some('c'), &["--config"], true),
    (Some('d'), &["--datepattern"], true),
    (None, &["--timezone", "--TZ"], true),
    (Some('e'), &["--encoding"], true),
    (Some('r'), &["--raw"], false),
    (None, &["--usedns"], true),
    (Some('L'), &["--maxlines"], true),
    (Some('m'), &["--journalmatch"], true),
    (Some('l'), &["--log-level"], true),
    (Some('V'), &[], false),
    (Some('v'), &["--verbose"], false),
    (None, &["--verbosity"], true),
    (None, &["--verbose-date", "--VD"], false),
    (Some('D'), &["--debuggex"], false),
    (None, &["--no-check-all"], false),
    (Some('o'), &["--out"], true),
    (Some('i'), &["--invert"], false),
    (None, &["--print-no-missed"], false),
    (None, &["--print-no-ignored"], false),
    (None, &["--print-all-matched"], false),
    (None, &["--print-all-missed"], false),
    (None, &["--print-all-ignored"], false),
    (Some('t'), &["--log-traceback"], false),
    (None, &["--full-traceback"], false),
    (None, &["--json"], false),
];

/// Options of our own. They are never shortened, so that what is short for one of the original's stays it.
const OWN: [&str; 2] = ["--explain", "--strict"];

/// Reads the arguments.
pub fn parse(args: &[OsString]) -> Result<Parsed, Wrong> {
    let mut options = Options::default();
    let mut positional = Vec::new();
    let mut rest = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    while let Some(arg) = rest.next() {
        if arg == "--" {
            positional.extend(rest.by_ref());
        } else if arg.starts_with("--") {
            let (typed, given) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (arg.as_str(), None),
            };
            let (name, takes_value) = long_option(typed)?;
            let value = match (takes_value, given) {
                (true, Some(value)) => value,
                (true, None) => rest.next().ok_or_else(|| needs_value(name))?,
                (false, None) => String::new(),
                (false, Some(_)) => {
                    return Err(Wrong::Option(format!("{name} option does not take a value")));
                }
            };
            if let Some(parsed) = apply(&mut options, name, value)? {
                return Ok(parsed);
            }
        } else if arg.len() > 1 && arg.starts_with('-') {
            if let Some(parsed) = parse_short(&mut options, &arg[1..], &mut rest)? {
                return Ok(parsed);
            }
        } else {
            positional.push(arg);
        }
    }
    finish(options, positional)
}

/// A group of short options (`-vvo id`).
fn parse_short(
    options: &mut Options,
    group: &str,
    rest: &mut impl Iterator<Item = String>,
) -> Result<Option<Parsed>, Wrong> {
    for (at, letter) in group.char_indices() {
        let Some((_, names, takes_value)) = KNOWN.iter().find(|known| known.0 == Some(letter)) else {
            return Err(Wrong::Option(format!("no such option: -{letter}")));
        };
        let short = format!("-{letter}");
        let name = names.first().copied().unwrap_or(&short);
        if *takes_value {
            let joined = &group[at + letter.len_utf8()..];
            let value = match joined {
                "" => rest.next().ok_or_else(|| needs_value(&short))?,
                joined => joined.to_owned(),
            };
            return apply(options, name, value);
        }
        if let Some(parsed) = apply(options, name, String::new())? {
            return Ok(Some(parsed));
        }
    }
    Ok(None)
}

/// The full name of an option that may be shortened as long as it stays clear which is meant.
fn long_option(typed: &str) -> Result<(&'static str, bool), Wrong> {
    if let Some(own) = OWN.iter().find(|own| **own == typed) {
        return Ok((own, false));
    }
    let all = || {
        KNOWN
            .iter()
            .flat_map(|(_, names, value)| names.iter().map(move |name| (*name, names[0], *value)))
    };
    if let Some((_, name, value)) = all().find(|(name, ..)| *name == typed) {
        return Ok((name, value));
    }
    let mut possible: Vec<_> = all().filter(|(name, ..)| name.starts_with(typed)).collect();
    match possible.as_slice() {
        [(_, name, value)] => Ok((name, *value)),
        [] => Err(Wrong::Option(format!("no such option: {typed}"))),
        _ => {
            possible.sort_unstable();
            let names: Vec<_> = possible.iter().map(|(name, ..)| *name).collect();
            Err(Wrong::Option(format!(
                "ambiguous option: {typed} ({}?)",
                names.join(", ")
            )))
        }
    }
}

fn needs_value(name: &str) -> Wrong {
    Wrong::Option(format!("{name} option requires 1 argument"))
}

/// A whole number as Python reads one in options: `12`, `1_000`, `0x1f`, `0b11`, and `017` with base 8.
fn number(name: &str, value: &str) -> Result<i64, Wrong> {
    let prefix = value.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (digits, radix) = match prefix.as_str() {
        "0x" => (&value[2..], 16),
        "0b" => (&value[2..], 2),
        _ if value.starts_with('0') => (value, 8),
        _ => (value, 10),
    };
    let digits = match (radix, digits) {
        (2, "") => "0",
        (_, digits) => digits.trim(),
    };
    let between = |text: &str| !text.is_empty() && !text.starts_with('_') && !text.ends_with('_');
    let bare = digits
        .strip_prefix(['-', '+'])
        .filter(|_| radix == 10)
        .unwrap_or(digits);
    let plain = digits.replace('_', "");
    let number = match between(bare) && !bare.contains("__") && !bare.starts_with(['-', '+']) {
        true => i64::from_str_radix(&plain, radix).ok(),
        false => None,
    };
    number.ok_or_else(|| {
        let value = bantam_detect::python_quote(value);
        Wrong::Option(format!("option {name}: invalid integer value: {value}"))
    })
}

fn apply(options: &mut Options, name: &str, value: String) -> Result<Option<Parsed>, Wrong> {
    match name {
        "--version" => return Ok(Some(Parsed::Version)),
        "--help" => return Ok(Some(Parsed::Help)),
        "-V" => return Ok(Some(Parsed::ShortVersion)),
        "--config" => options.config = value,
        "--datepattern" => options.datepattern = Some(value).filter(|value| !value.is_empty()),
        "--timezone" => options.timezone = Some(value).filter(|value| !value.is_empty()),
        "--encoding" => options.encoding = Some(value),
        "--raw" => options.raw = true,
        "--usedns" => options.usedns = Some(value).filter(|value| !value.is_empty()),
        "--maxlines" => options.maxlines = number("--maxlines", &value)?,
        "--journalmatch" => options.journalmatch = Some(value),
        "--log-level" => options.log_level = value,
        "--verbose" => options.verbose += 1,
        "--verbosity" => options.verbose = number("--verbosity", &value)?,
        "--verbose-date" => options.verbose_date = true,
        "--debuggex" => options.debuggex = true,
        "--no-check-all" => options.check_all = false,
        "--out" => options.out = Some(value).filter(|value| !value.is_empty()),
        "--invert" => options.invert = true,
        "--print-no-missed" => options.print_no_missed = true,
        "--print-no-ignored" => options.print_no_ignored = true,
        "--print-all-matched" => options.print_all_matched = true,
        "--print-all-missed" => options.print_all_missed = true,
        "--print-all-ignored" => options.print_all_ignored = true,
        "--json" => options.json = true,
        "--explain" => options.explain = true,
        "--strict" => options.strict = true,
        _ => {}
    }
    Ok(None)
}

fn finish(mut options: Options, positional: Vec<String>) -> Result<Parsed, Wrong> {
    let mut errors = Vec::new();
    for (none, all, what) in [
        (options.print_no_missed, options.print_all_missed, "missed"),
        (options.print_no_ignored, options.print_all_ignored, "ignored"),
    ] {
        if none && all {
            errors.push(format!(
                "ERROR: --print-no-{what} and --print-all-{what} are mutually exclusive."
            ));
        }
    }
    let mut positional = positional;
    if options.explain && positional.len() == 1 {
        // Without a log, what can be said without one.
        positional.insert(0, String::new());
    }
    for (given, name) in [(options.explain, "--explain"), (options.strict, "--strict")] {
        let wrong = match name {
            "--explain" if options.out.is_some() => "and -o are mutually exclusive",
            "--strict" if !options.explain => "goes with --explain",
            _ => continue,
        };
        if given {
            errors.push(format!("ERROR: {name} {wrong}."));
        }
    }
    let mut positional = positional.into_iter();
    match (
        positional.next(),
        positional.next(),
        positional.next(),
        positional.next(),
    ) {
        (Some(log), Some(regex), ignoreregex, None) => {
            options.log = log;
            options.regex = regex;
            options.ignoreregex = ignoreregex;
        }
        _ => errors.push("ERROR: provide both <LOG> and <REGEX>.".to_owned()),
    }
    if errors.is_empty() {
        Ok(Parsed::Run(Box::new(options)))
    } else {
        Err(Wrong::Use(errors))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn parsed(line: &str) -> Result<Parsed, Wrong> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&args)
    }

    fn run(line: &str) -> Options {
        match parsed(line).unwrap() {
            Parsed::Run(options) => *options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_may_be_joined_shortened_and_stand_behind_arguments() {
        let options = run("log -vvorow --print-all-mat --date=%Y regex -L 3 --TZ UTC ignore");
        assert_eq!(options.verbose, 2);
        assert_eq!(options.out.as_deref(), Some("row"));
        assert!(options.print_all_matched);
        assert_eq!(options.datepattern.as_deref(), Some("%Y"));
        assert_eq!(options.maxlines, 3);
        assert_eq!(options.timezone.as_deref(), Some("UTC"));
        assert_eq!(options.ignoreregex.as_deref(), Some("ignore"));
        assert_eq!(run("-- -v -x").log, "-v");
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let read = |text: &str| number("-L", text).ok();
        for (text, value) in [
            ("10", 10),
            ("-3", -3),
            ("+3", 3),
            (" 7 ", 7),
            ("1_0", 10),
            ("0x1F", 31),
            ("0b11", 3),
            ("0b", 0),
            ("010", 8),
            ("0", 0),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        for text in [
            "", "x", "1.5", "09", "0x", "0xg", "1__0", "_1", "1_", "--1", "-0x3", "0x-3",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn options_of_our_own_take_nothing_from_what_is_short_for_others() {
        assert_eq!(run("--e latin-1 log regex").encoding.as_deref(), Some("latin-1"));
        for short in [
            "--ex a b",
            "--expl a b",
            "--st a b",
            "--strict a b",
            "--explain -o id a b",
            "--explain",
        ] {
            assert!(parsed(short).is_err(), "{short}");
        }
        let options = run("--explain --strict filter");
        assert!(options.explain && options.strict);
        assert_eq!((options.log.as_str(), options.regex.as_str()), ("", "filter"));
        assert_eq!(run("--explain log filter").log, "log");
    }

    #[test]
    fn wrong_options_and_numbers_of_arguments_are_refused() {
        assert!(matches!(parsed("-Q a b"), Err(Wrong::Option(_))));
        assert!(matches!(parsed("--print a b"), Err(Wrong::Option(_))));
        assert!(matches!(parsed("-L x a b"), Err(Wrong::Option(_))));
        assert!(matches!(parsed("a b -d"), Err(Wrong::Option(_))));
        assert!(matches!(parsed("a"), Err(Wrong::Use(_))));
        assert!(matches!(parsed("a b c d"), Err(Wrong::Use(_))));
        assert!(matches!(parsed("a -V"), Ok(Parsed::ShortVersion)));
    }
}
