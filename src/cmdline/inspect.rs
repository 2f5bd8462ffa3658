//! Settles where the server is and prints or tests the configuration when asked to.
use super::{CommandLine, Console, Dump, pretty};
use bantam_conf::{Command, Diagnostic, LoadOptions, Loaded, Severity, Shown};
use bantam_wire::Value;
use bantam_wire::repr::repr;
use serde_json::{Value as Json, json};

/// Where the socket is when neither an option nor the configuration says it.
pub(super) const DEFAULT_SOCKET: &str = "/var/run/fail2ban/fail2ban.sock";

/// Fills in what the options left open, then does `-d` and `-t`.
///
/// `None` when there is something to do after that, else whether all went well.
pub fn inspect(command_line: &mut CommandLine, console: &mut Console) -> Option<bool> {
    if let Err(cause) = settle(command_line, console) {
        match command_line.json {
            true => console.print_json(&super::json_error("", &cause)),
            false => console.print(&format!("ERROR: {cause}")),
        }
        console.error("Init of command line failed");
        return Some(false);
    }
    console.info(&format!("Using socket file {}", command_line.socket_path().display()));
    if command_line.dump.is_none() && !command_line.test {
        return None;
    }
    let mut shown = bantam_conf::load_to_show(&command_line.conf, &command_line.load_options());
    // Printed, a stream is what the configuration says, whether a server could obey it or not.
    if command_line.test
        && let Some(loaded) = &shown.loaded
    {
        let refused = bantam_daemon::rehearse(&loaded.stream);
        shown.failed |= !refused.is_empty();
        shown.diagnostics.extend(refused);
    }
    show(&shown.diagnostics, console);
    match command_line.json {
        true => inspect_as_json(command_line, &shown, console),
        false => inspect_in_words(command_line, &shown, console),
    }
}

fn inspect_in_words(command_line: &CommandLine, shown: &Shown, console: &mut Console) -> Option<bool> {
    if let Some(dump) = command_line.dump {
        match &shown.loaded {
            Some(loaded) => print_stream(loaded, dump, console),
            None => console.print("ERROR: The configuration stream failed because of the invalid syntax."),
        }
        if !command_line.test {
            if shown.failed {
                console.error("Init of command line failed");
            }
            return Some(!shown.failed);
        }
    }
    if shown.failed {
        match command_line.words.is_empty() {
            true => console.print("ERROR: test configuration failed"),
            false => console.error("ERROR: test configuration failed"),
        }
        return Some(false);
    }
    if !command_line.words.is_empty() {
        return None;
    }
    console.print("OK: configuration test is successful");
    Some(true)
}

/// One document: the commands for `-d`, else the findings of `-t`. A command that follows a test that went well prints
/// its own in its place.
fn inspect_as_json(command_line: &CommandLine, shown: &Shown, console: &mut Console) -> Option<bool> {
    let findings: Vec<Json> = shown.diagnostics.iter().map(finding).collect();
    let Some(loaded) = shown.loaded.as_ref().filter(|_| !shown.failed) else {
        let mut document = super::json_error("", "the configuration cannot run");
        document["findings"] = Json::Array(findings);
        console.print_json(&document);
        return Some(false);
    };
    if command_line.dump.is_some() {
        let commands = loaded
            .stream
            .iter()
            .map(|command| crate::client::json_of(&Value::List(command.words.clone())));
        console.print_json(&Json::Array(commands.collect()));
        return Some(true);
    }
    if !command_line.words.is_empty() {
        return None;
    }
    console.print_json(&json!({ "ok": true, "findings": findings }));
    Some(true)
}

/// A finding as all commands print it with `--json`.
pub fn finding(diagnostic: &Diagnostic) -> Json {
    let place = diagnostic.place.as_ref();
    json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "jail": diagnostic.jail,
        "file": place.map(|place| place.file.to_string_lossy()),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
    })
}

/// Reads the configuration and shows what is wrong with it. `None` when nothing can run.
pub fn load(command_line: &CommandLine, options: &LoadOptions, console: &mut Console) -> Option<Loaded> {
    let (loaded, diagnostics) = examine(command_line, options);
    show(&diagnostics, console);
    if loaded.is_none() {
        let error = diagnostics.iter().find(|finding| finding.severity == Severity::Error);
        let place = error.and_then(|error| error.place.as_ref());
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        let message = error.map_or("the configuration cannot run", |error| error.message.as_str());
        console.note_error(format!("{place}{message}"));
    }
    loaded
}

/// The configuration if it can run, and what was found in it.
fn examine(command_line: &CommandLine, options: &LoadOptions) -> (Option<Loaded>, Vec<Diagnostic>) {
    match bantam_conf::load(&command_line.conf, options) {
        Ok(mut loaded) => {
            let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
            let refused = bantam_daemon::rehearse(&loaded.stream);
            let left = leave_out(&mut loaded, &refused);
            let failed = !refused.is_empty() && (options.strict || !left);
            diagnostics.extend(refused);
            (Some(loaded).filter(|_| !failed), diagnostics)
        }
        Err(diagnostics) => (None, diagnostics),
    }
}

/// Takes jails with commands that a server would refuse out of the stream, as it is done with jails that cannot be read:
/// a server that has such a jail lets it go on as it was. Whether any jail is left.
fn leave_out(loaded: &mut Loaded, refused: &[Diagnostic]) -> bool {
    for jail in refused.iter().filter_map(|finding| finding.jail.as_deref()) {
        let names_it = |command: &Command| {
            let word = |index: usize| command.words.get(index).and_then(Value::as_str);
            matches!(word(0), Some("add" | "set" | "multi-set" | "start")) && word(1) == Some(jail)
        };
        let (Some(at), Some(finding)) = (
            loaded.stream.iter().position(names_it),
            refused.iter().find(|finding| finding.jail.as_deref() == Some(jail)),
        ) else {
            continue;
        };
        loaded.stream.retain(|command| !names_it(command));
        let text = format!(
            "Jail '{jail}' skipped, because of wrong configuration: {}",
            finding.message
        );
        let words = vec![Value::from("config-error"), Value::from(text)];
        loaded.stream.insert(at, Command::new(words, finding.place.clone()));
        loaded.globs.retain(|glob| glob.jail != jail);
    }
    loaded
        .stream
        .iter()
        .any(|command| command.words.first().and_then(Value::as_str) == Some("start"))
}

fn show(diagnostics: &[Diagnostic], console: &mut Console) {
    for diagnostic in diagnostics {
        if diagnostic.severity == Severity::Error || console.verbosity > 0 {
            let shown = diagnostic.render(console.colour());
            console.show(&shown);
        }
    }
}

fn settle(command_line: &mut CommandLine, console: &mut Console) -> Result<(), String> {
    if let Some(level) = &command_line.loglevel {
        let known = bantam_conf::LOG_LEVELS.contains(&level.to_ascii_uppercase().as_str());
        let number = !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit());
        if !known && !number {
            return Err(format!("Invalid log level {}", repr(&level.as_str().into())));
        }
    }
    if command_line.socket.is_some() {
        return Ok(());
    }
    if !command_line.conf.is_dir() {
        return Err(format!(
            "Base configuration directory {} does not exist ",
            command_line.conf.display()
        ));
    }
    // Only what concerns the server: a jail that can't run must not keep anybody from asking it. There is no other
    // socket to fall back on, since what answers there is another server.
    match bantam_conf::load_server(&command_line.conf, &command_line.load_options()) {
        Ok(server) => command_line.socket = Some(server.socket),
        Err(diagnostics) => {
            show(&diagnostics, console);
            return Err(format!(
                "can't tell from {} where the server is",
                command_line.conf.display()
            ));
        }
    }
    Ok(())
}

fn print_stream(loaded: &Loaded, dump: Dump, console: &mut Console) {
    for command in &loaded.stream {
        let words = Value::List(command.words.clone());
        let line = match dump {
            Dump::Plain => repr(&words),
            Dump::Pretty => pretty::pretty(&words),
        };
        console.print(&line);
    }
}
