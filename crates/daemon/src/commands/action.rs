//! The actions of a jail: added, removed, changed and shown.
use super::words::Words;
use super::{Answer, Failure};
use crate::live::LiveJail;
use bantam_enforce::{Definition, SharedDefinition, Task};
use bantam_wire::Value;
use std::sync::Arc;

/// Methods of an action, as `get JAIL actionmethods NAME` lists them.
const METHODS: [&str; 15] = [
    "ban",
    "clearAllParams",
    "consistencyCheck",
    "escapeTag",
    "executeCmd",
    "flush",
    "prolong",
    "reban",
    "reload",
    "replaceDynamicTags",
    "replaceTag",
    "start",
    "stop",
    "unban",
    "updateActionInfo",
];

pub(super) fn set(jail: &Arc<LiveJail>, option: &str, words: Words<'_>, multiple: bool) -> Answer {
    let name = words.text(3)?;
    match option {
        "addaction" => {
            if words.len() > 4 {
                return Err(Failure::value(format!(
                    "action '{name}' is written in Python, which Bantam cannot load; use a command action in its place"
                )));
            }
            add(jail, &name)?;
            Ok(Value::Str(name))
        }
        "delaction" => {
            known(jail, &name)?;
            jail.queue.push(Task::RemoveAction { name: name.into() });
            Ok(Value::None)
        }
        _ => {
            let definition = known(jail, &name)?;
            if multiple {
                for pair in words.list(4)? {
                    let (Value::List(pair) | Value::Tuple(pair)) = pair else {
                        return Err(Failure::value("a pair of property and value was expected"));
                    };
                    let pair = Words(pair);
                    definition.set(&pair.text(0)?, &pair.text(1)?).map_err(Failure::value)?;
                }
                return Ok(Value::Bool(true));
            }
            let property = words.text(4)?;
            if METHODS.contains(&property.as_str()) {
                return Err(Failure::value(format!("method '{property}' of an action cannot be called from outside")));
            }
            definition.set(&property, &words.text(5)?).map_err(Failure::value)?;
            Ok(shown(&definition.snapshot(), &property))
        }
    }
}

fn add(jail: &LiveJail, name: &str) -> Result<(), Failure> {
    let exists = jail.queue.definition(name).is_some();
    let reloaded = jail.work.lock().reload.as_mut().is_some_and(|reload| reload.actions.remove(name));
    if exists && !reloaded {
        return Err(Failure::value(format!("Action {name} already exists")));
    }
    // Of a reloaded action the properties are named anew; those that are not named again are gone.
    jail.queue.push(Task::AddAction { name: name.into(), definition: SharedDefinition::default() });
    Ok(())
}

pub(super) fn get(jail: &LiveJail, option: &str, rest: Words<'_>) -> Answer {
    let list = |names: Vec<String>| Value::List(names.into_iter().map(Value::Str).collect());
    if option == "actions" {
        return Ok(list(jail.queue.actions().iter().map(|name| name.to_string()).collect()));
    }
    let name = rest.text(0)?;
    let definition = known(jail, &name)?.snapshot();
    Ok(match option {
        "action" => {
            let property = rest.text(1)?;
            if definition.get(&property).is_none() {
                return Err(Failure::plain(
                    "AttributeError",
                    format!("'CommandAction' object has no attribute '{property}'"),
                ));
            }
            shown(&definition, &property)
        }
        "actionproperties" => list(definition.properties.keys().cloned().collect()),
        _ => list(METHODS.iter().map(|method| (*method).to_owned()).collect()),
    })
}

fn shown(definition: &Definition, property: &str) -> Value {
    definition.get(property).map_or(Value::None, Value::from)
}

fn known(jail: &LiveJail, name: &str) -> Result<SharedDefinition, Failure> {
    jail.queue.definition(name).ok_or_else(|| Failure {
        module: "builtins",
        class: "KeyError",
        args: vec![Value::Str(format!("Invalid Action name: {name}"))],
    })
}
