//! Actions: which commands an action's settings become.

use crate::Command;
use crate::arguments::Request;
use crate::definition::{Definition, Kind, Known, Setting, Settings};
use crate::filter::as_settings;
use crate::findings::Problem;
use crate::layers::{Config, Files};
use crate::python;
use crate::text::Text;
use bantam_wire::Value;
use std::path::Path;
use std::rc::Rc;

/// An action's options.
pub(crate) const OPTIONS: Known = &[
    ("actionstart", Kind::Text),
    ("actionstart_on_demand", Kind::Bool),
    ("actionstop", Kind::Text),
    ("actionflush", Kind::Text),
    ("actionreload", Kind::Text),
    ("actioncheck", Kind::Text),
    ("actionrepair", Kind::Text),
    ("actionrepair_on_unban", Kind::Bool),
    ("actionban", Kind::Text),
    ("actionprolong", Kind::Text),
    ("actionreban", Kind::Text),
    ("actionunban", Kind::Text),
    ("norestored", Kind::Bool),
];

/// Tags that are filled in at a ban, never here.
const LEAVE: &[&str] = &["matches", "ipmatches", "ipjailmatches", "timeout", "bantime"];

/// One action of a jail, ready to become commands.
#[derive(Debug)]
pub(crate) enum Action {
    /// Shell commands.
    Shell {
        name: String,
        place: Option<crate::Place>,
        definition: Box<Definition>,
    },
    /// A Python module, which is passed on as it stands.
    Python(Command),
}

/// A shell action as a jail asks for it. Its name stays unique in the jail when the jail passes a `name`.
pub(crate) fn shell(config: Rc<Config>, jail: &str, request: Request) -> Action {
    let (file, place) = (request.name.as_str().to_owned(), request.name.place_at(0));
    let mut arguments = as_settings(request);
    let text = |arguments: &Settings, key: &str| arguments.get(key).and_then(Setting::to_text).map(Text::into_string);
    let name = text(&arguments, "name").unwrap_or_else(|| {
        arguments.insert("name".to_owned(), Setting::Text(Text::plain(jail)));
        jail.to_owned()
    });
    let actname = text(&arguments, "actname").unwrap_or_else(|| {
        let actname = match name.strip_prefix(jail) {
            Some(rest) => format!("{file}{rest}"),
            None => format!("{file}-{name}"),
        };
        arguments.insert("actname".to_owned(), Setting::Text(Text::plain(actname.clone())));
        actname
    });
    let definition = Box::new(Definition::new(config, OPTIONS, arguments));
    Action::Shell {
        name: actname,
        place,
        definition,
    }
}

/// A Python action: the server is told the file and the arguments.
pub(crate) fn python(files: &Files, jail: &str, mut request: Request) -> Action {
    let file = request.name.as_str().to_owned();
    let stem = file.strip_suffix(".py").unwrap_or(&file).to_owned();
    let actname = request
        .arguments
        .shift_remove("actname")
        .map_or(stem, Text::into_string);
    let relative = format!("action.d/{file}");
    let path = files
        .locate(Path::new(&relative))
        .map(|path| path.to_string_lossy().into_owned());
    let path = path.unwrap_or_else(|| format!("{}/{relative}", files.confpath()));
    let json = python::json_object(
        request
            .arguments
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    );
    let words = ["addaction".to_owned(), actname, path, json].map(Value::from);
    Action::Python(Command::set(jail, words, request.name.place_at(0)))
}

/// A password that `smtp.py` is to send over the network in the clear.
pub(crate) fn naked_password(request: &Request) -> Option<Problem> {
    let text = |key: &str| request.arguments.get(key).map(Text::as_str).unwrap_or_default();
    let no = ["", "0", "no", "off", "false", "none"];
    let in_the_clear = no.iter().any(|no| text("ssl").trim().eq_ignore_ascii_case(no));
    let host = text("host").trim();
    let own = ["localhost", "127.", "::1", "[::1]"]
        .iter()
        .any(|own| host.starts_with(own));
    let password = request
        .arguments
        .get("password")
        .filter(|password| !password.is_empty())?;
    if request.name.as_str() != "smtp.py" || !in_the_clear || own || host.is_empty() || host.ends_with(":465") {
        return None;
    }
    let message = "this password goes over the network in the clear";
    let problem = Problem::new(password.place_at(0), 1, message);
    Some(problem.hint("add `ssl=true`, so that it is sent within TLS only"))
}

impl Action {
    /// Reads the action's file with the jail's options.
    pub(crate) fn read(&mut self, jail: &Settings) -> Vec<Problem> {
        match self {
            Action::Shell { definition, .. } => definition.read(jail, false),
            Action::Python(_) => Vec::new(),
        }
    }

    /// The commands: the action itself, then all its properties at once.
    pub(crate) fn commands(&mut self, jail: &str) -> Result<Vec<Command>, Box<Problem>> {
        let (name, place, definition) = match self {
            Action::Python(command) => return Ok(vec![command.clone()]),
            Action::Shell {
                name,
                place,
                definition,
            } => (name, place, definition),
        };
        let (settings, _) = definition.combined(LEAVE)?;
        let known = |key: &str| OPTIONS.iter().any(|(option, _)| *option == key);
        let pair = |key: &str, value: &Setting| Value::List(vec![Value::from(key), value.to_value()]);
        let options = settings.iter().filter(|(key, _)| known(key));
        let arguments = definition
            .arguments()
            .iter()
            .filter(|(key, _)| !known(key) && !key.starts_with("known/"));
        let mut properties: Vec<Value> = options.chain(arguments).map(|(key, value)| pair(key, value)).collect();
        let add = [Value::from("addaction"), Value::from(name.as_str())];
        let mut out = vec![Command::set(jail, add, place.clone())];
        let head = |word: &str| {
            [word, jail, "action", name.as_str()]
                .into_iter()
                .map(Value::from)
                .collect::<Vec<_>>()
        };
        if properties.len() > 1 {
            let mut words = head("multi-set");
            words.push(Value::List(properties));
            out.push(Command::new(words, place.clone()));
        } else if let Some(Value::List(property)) = properties.pop() {
            let mut words = head("set");
            words.extend(property);
            out.push(Command::new(words, place.clone()));
        }
        Ok(out)
    }
}
