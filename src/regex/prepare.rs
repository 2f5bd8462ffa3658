//! From the arguments to a filter that is ready: options, REGEX, IGNOREREGEX.
use super::dates;
use super::load::{self, Source};
use super::messages::Level;
use super::run::{Outcome, Stop, Trial, error};
use bantam_conf::{Command, Diagnostic, NoTrial, Place, Severity};
use bantam_detect::python_quote;
use bantam_pattern::tags::UseDns;
use bantam_wire::Value;
use std::path::Path;

/// Longest text shown of a line or expression.
const LONGEST: usize = 53;

/// Sets all that options decide.
pub fn options(trial: &mut Trial<'_>) -> Outcome<()> {
    trial.tell(Level::Debug, "filter", "Setting usedns = warn for Filter(None)");
    trial.tell(Level::Debug, "filter", "Created Filter(None)");
    let verbose = trial.options.verbose != 0 || trial.messages.shows(Level::Debug);
    set_options(trial).map_err(|stop| match stop {
        Stop::Error(text) if verbose => {
            trial.tell(Level::Critical, "", &text);
            Stop::Said
        }
        stop => stop,
    })
}

fn set_options(trial: &mut Trial<'_>) -> Outcome<()> {
    let options = trial.options;
    if options.maxlines != 0 {
        // What is below zero is refused by the filter as zero is.
        set_maxlines(trial, usize::try_from(options.maxlines).unwrap_or(0))?;
    }
    if let Some(matches) = &options.journalmatch {
        let words = bantam_conf::split_words(matches);
        trial.journalmatch = words.ok_or_else(|| error("a quote in --journalmatch is not closed"))?;
    }
    if let Some(zone) = &options.timezone {
        trial.filter.set_log_timezone(Some(zone)).map_err(error)?;
    }
    if let Some(pattern) = &options.datepattern {
        set_datepattern(trial, pattern, None)?;
    }
    if let Some(mode) = &options.usedns {
        set_use_dns(trial, &mode.to_lowercase());
    }
    let told = trial.messages.shows(Level::Error);
    trial.filter.set_raw_hosts(options.raw);
    let as_daemon = options.out.is_some() || options.explain;
    trial.filter.set_check_all(options.check_all && !as_daemon);
    trial.filter.set_keep_pending(!as_daemon);
    let all = options.out.is_some() || options.verbose != 0 || options.debuggex || told;
    trial.filter.set_keep_records(all);
    trial.filter.set_tell_prefix(all);
    Ok(())
}

fn set_use_dns(trial: &mut Trial<'_>, mode: &str) {
    let (name, mode) = match mode {
        "yes" => ("yes", UseDns::Yes),
        "warn" => ("warn", UseDns::Warn),
        "raw" => ("raw", UseDns::Raw),
        "no" => ("no", UseDns::No),
        other => {
            let other = python_quote(other);
            let text = format!("Incorrect value {other} specified for usedns. Using safe 'no'");
            trial.tell(Level::Error, "filter", &text);
            ("no", UseDns::No)
        }
    };
    let text = format!("Setting usedns = {name} for Filter(None)");
    trial.tell(Level::Debug, "filter", &text);
    trial.filter.set_use_dns(mode);
}

fn set_maxlines(trial: &mut Trial<'_>, lines: usize) -> Outcome<()> {
    if !trial.has_maxlines {
        trial.filter.set_max_lines(lines).map_err(error)?;
        trial.has_maxlines = true;
        trial.tell(Level::Info, "filter", &format!("  maxLines: {lines}"));
        trial.say(&format!("Use         maxlines : {lines}"));
    }
    Ok(())
}

fn set_datepattern(trial: &mut Trial<'_>, pattern: &str, place: Option<Place>) -> Outcome<()> {
    if !trial.has_datepattern {
        trial.filter.set_datepattern(pattern).map_err(error)?;
        trial.has_datepattern = true;
        trial.datepattern = Some((pattern.to_owned(), place)).filter(|_| !pattern.trim().is_empty());
        dates::tell_pattern(trial, pattern);
        let name = trial
            .filter
            .datepattern()
            .map_or("Default Detectors".to_owned(), |(_, name)| name);
        trial.say(&format!("Use      datepattern : {pattern} : {name}"));
    }
    Ok(())
}

/// REGEX: the name of a jail or filter, a file, or an expression.
pub fn read_failregex(trial: &mut Trial<'_>, value: &str) -> Outcome<()> {
    let options = trial.options;
    let source = load::find(value, &options.config, options.backend()).map_err(|error| {
        trial
            .printer
            .line(&format!("ERROR: Wrong filter name or options: {}", error.message));
        trial.printer.line(&format!("       while parsing: {value}"));
        show(&error.diagnostics);
        match options.verbose {
            0 => Stop::Said,
            _ => Stop::Uncaught(error.message),
        }
    })?;
    let loaded = match source {
        Source::Expression => return take_expression(trial, value),
        Source::Jail { name, options, loaded } => {
            trial.say(&format!("Use             jail : {name}"));
            say_arguments(trial, "Use jail/flt options", &options);
            loaded.map_err(|diagnostics| {
                show(&diagnostics);
                let value = python_quote(value);
                trial.printer.line(&format!("ERROR: Failed to get jail for {value}"));
                Stop::Said
            })?
        }
        Source::Filter { name, base, options } => {
            let shown = base.display();
            trial.say(&format!("Use      filter file : {name}, basedir: {shown}"));
            say_arguments(trial, "Use   filter options", &options);
            load_filter(trial, &base, &name, &options, value)?
        }
        Source::File { path, options } => {
            let typed = value.split('[').next().unwrap_or(value);
            trial.say(&format!("Use      filter file : {typed}"));
            say_arguments(trial, "Use   filter options", &options);
            let base = Path::new(&trial.options.config).to_owned();
            load_filter(trial, &base, &path.to_string_lossy(), &options, value)?
        }
    };
    if trial.options.verbose > 1 || trial.messages.shows(Level::Debug) {
        let shown = load::shown(&loaded.options);
        trial.say(&format!("Real  filter options : {shown}"));
    }
    if loaded.commands.is_empty() {
        // A filter that says nothing is no filter for the original, which goes on with its name as an expression.
        return take_expression(trial, value);
    }
    for command in &loaded.commands {
        obey(trial, command, value)?;
    }
    compile(trial, true)?;
    compile(trial, false)
}

fn take_expression(trial: &mut Trial<'_>, value: &str) -> Outcome<()> {
    trial.say(&format!("Use   failregex line : {}", shortened(value)));
    trial.failregex.push(value.to_owned());
    compile(trial, true)
}

fn say_arguments(trial: &mut Trial<'_>, title: &str, arguments: &bantam_conf::Arguments) {
    if !arguments.is_empty() {
        let arguments: Vec<(String, Value)> = arguments
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
            .collect();
        trial.say(&format!("{title} : {}", load::shown(&arguments)));
    }
}

fn load_filter(
    trial: &mut Trial<'_>,
    base: &Path,
    name: &str,
    arguments: &bantam_conf::Arguments,
    value: &str,
) -> Outcome<bantam_conf::Trial> {
    bantam_conf::try_filter(base, name, arguments, trial.options.backend()).map_err(|none| {
        if let NoTrial::Broken(diagnostics) = none {
            show(&diagnostics);
        }
        trial.printer.line(&format!("ERROR: failed to load filter {value}"));
        Stop::Said
    })
}

/// Shows what is wrong with the configuration.
fn show(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        if diagnostic.severity == Severity::Error {
            eprintln!("{}", diagnostic.render(false));
        }
    }
}

/// Does what a filter's command says. Expressions wait for the options behind them.
fn obey(trial: &mut Trial<'_>, command: &Command, source: &str) -> Outcome<()> {
    let words = &command.words;
    let Some(option) = words.get(2).and_then(Value::as_str) else {
        return Ok(());
    };
    if option == "addjournalmatch" && trial.options.journalmatch.is_none() {
        trial.journalmatch = values(words);
    }
    for (index, value) in values(words).into_iter().enumerate() {
        let place = command
            .line_places
            .get(index)
            .cloned()
            .flatten()
            .or_else(|| command.place.clone());
        match option {
            "prefregex" => {
                trial.filter.set_prefregex(&value).map_err(error)?;
                trial.prefregex = Some((value, place));
            }
            "addfailregex" => {
                trial.failregex.push(value);
                trial.fail_places.push(place);
            }
            "addignoreregex" => {
                trial.ignoreregex.push(value);
                trial.ignore_places.push(place);
            }
            "maxlines" => {
                let lines = value
                    .parse()
                    .map_err(|_| error(format!("Invalid value for maxlines ('{value}') read from {source}")))?;
                set_maxlines(trial, lines)?;
            }
            "datepattern" => set_datepattern(trial, &value, place)?,
            _ => {}
        }
    }
    Ok(())
}

/// Compiles all failregexes or ignoreregexes.
fn compile(trial: &mut Trial<'_>, fail: bool) -> Outcome<()> {
    let sources = if fail { &trial.failregex } else { &trial.ignoreregex };
    for source in sources.clone() {
        let added = match fail {
            true => trial.filter.add_failregex(&source),
            false => trial.filter.add_ignoreregex(&source),
        };
        if let Err(wrong) = added {
            trial.tell(Level::Error, "filter", &wrong.to_string());
            return Err(error(wrong));
        }
    }
    Ok(())
}

/// IGNOREREGEX: always an expression, in place of what the filter has.
pub fn read_ignoreregex(trial: &mut Trial<'_>, value: &str) -> Outcome<()> {
    while trial.filter.remove_ignoreregex(0) {}
    trial.say(&format!("Use ignoreregex line : {}", shortened(value)));
    trial.ignoreregex = vec![value.to_owned()];
    trial.ignore_places.clear();
    compile(trial, false)
}

/// The values that a `set` or `multi-set` command carries.
fn values(words: &[Value]) -> Vec<String> {
    words
        .iter()
        .skip(3)
        .flat_map(|word| match word {
            Value::List(all) | Value::Tuple(all) => all.iter().collect(),
            one => vec![one],
        })
        .filter_map(|value| match value {
            Value::Str(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

/// Cut to what fits on a line.
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 3).collect();
    short.push_str("...");
    short
}

/// As Python tells of a file that it cannot open.
pub fn file_error(error: &std::io::Error, path: &str) -> String {
    let path = python_quote(path);
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => {
            let text = text.split(" (os error").next().unwrap_or(&text);
            format!("[Errno {number}] {text}: {path}")
        }
        None => format!("{text}: {path}"),
    }
}
