//! `set OPTION VALUE`: options of the server.
use super::words::Words;
use super::{Answer, Failure, get};
use crate::log::Module;
use crate::server::{Server, make_parent};
use bantam_wire::Value;
use std::path::Path;

/// None when it is no option of the server's.
pub(super) fn set_server(server: &Server, option: &str, words: Words<'_>) -> Option<Answer> {
    let (log, records) = (&server.log, &server.records);
    let shown = |option| get::server_option(server, option).unwrap_or(Value::None);
    let done = match option {
        "loglevel" => words
            .text(2)
            .and_then(|level| log.set_level(&level).map_err(Failure::value))
            .map(|()| Value::Str(log.level())),
        "logtarget" => set_target(server, words),
        "syslogsocket" => words.text(2).map(|socket| {
            log.set_syslog_socket(&socket);
            Value::Str(log.syslog_socket())
        }),
        "allowipv6" => words.text(2).map(Value::Str),
        // Threads of ours need no stacks of a size to be chosen; the form is the original's.
        "thread" => match words.rest(2).first() {
            Some(Value::Dict(_)) => Ok(Value::None),
            Some(_) => Err(Failure::value(
                "options such as {'stacksize': 64} were expected, not a text",
            )),
            None => words.needs(2).map(|()| Value::None),
        },
        "dbfile" => set_database(server, words),
        "dbmaxmatches" => words.integer(2).map(|count| {
            records.set_max_matches(count);
            shown(option)
        }),
        "dbpurgeage" => words
            .text(2)
            .and_then(|age| records.set_purge_age(&age).map_err(Failure::value))
            .map(|()| shown(option)),
        _ => return None,
    };
    Some(done)
}

fn set_target(server: &Server, words: Words<'_>) -> Answer {
    let log = &server.log;
    log.set_target(&words.text(2)?).map_err(|error| {
        log.error(Module::Server, error.to_string());
        Failure::invalid("Failed to change log target")
    })?;
    Ok(Value::Str(log.target()))
}

fn set_database(server: &Server, words: Words<'_>) -> Answer {
    let records = &server.records;
    let file = words.text(2)?;
    let changes = records.file().is_some_and(|known| known != file);
    if changes && !server.jails.all().is_empty() {
        return Err(Failure::plain(
            "RuntimeError",
            "Cannot change database when there are jails present",
        ));
    }
    let special = file.eq_ignore_ascii_case("none") || file == ":memory:";
    if !special && let Err(error) = make_parent(Path::new(&file)) {
        return Err(Failure::invalid(format!("Cannot create the folder of {file}: {error}")));
    }
    records
        .open(&file)
        .map_err(|error| Failure::invalid(error.to_string()))?;
    Ok(records.file().map_or(Value::None, Value::Str))
}
