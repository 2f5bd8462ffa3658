//! The actions of a jail: added, removed, changed and shown.
use super::methods::{self, METHODS};
use super::words::Words;
use super::{Answer, Failure, python};
use crate::live::LiveJail;
use crate::rehearsal::Objection;
use bantam_enforce::{Call, Definition, Kind, SharedDefinition, Task};
use bantam_wire::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// How often an action's environment was restored, as if it were a property.
const EPOCH: &str = "banEpoch";

pub(super) fn set(jail: &Arc<LiveJail>, option: &str, words: Words<'_>, multiple: bool) -> Answer {
    let name = words.text(3)?;
    match option {
        "addaction" => {
            let definition = python::definition(&name, words)?.unwrap_or_default();
            add(jail, &name, definition)?;
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
                for (property, value) in pairs(words)? {
                    definition.set(&property, &value).map_err(Failure::value)?;
                }
                return Ok(Value::Bool(true));
            }
            let property = words.text(4)?;
            // Called by hand, a method never comes here; a stream of commands sets properties only.
            if methods_of(definition.snapshot().kind).contains(&property.as_str()) {
                return Err(Failure::value(format!("'{property}' is a method; it cannot be set")));
            }
            definition.set(&property, &words.text(5)?).map_err(Failure::value)?;
            Ok(shown(&definition.snapshot(), &property))
        }
    }
}

/// The same on nothing, for a configuration that is tried first.
pub(super) fn rehearse(
    actions: &mut HashMap<String, Definition>,
    option: &str,
    words: Words<'_>,
    multiple: bool,
) -> Result<(), Objection> {
    let name = words.text(3)?;
    match option {
        "addaction" => {
            if let Some(definition) = python::definition(&name, words)? {
                actions.insert(name, definition);
            }
        }
        "action" => {
            let definition = actions.entry(name).or_default();
            let all = if multiple {
                pairs(words)?
            } else {
                vec![(words.text(4)?, words.text(5)?)]
            };
            for (property, value) in all {
                definition.set(property, value).map_err(Failure::value)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Methods of an action, in order.
pub(super) fn methods_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Commands => &METHODS,
        Kind::Mail => &python::METHODS,
    }
}

/// Properties and values of a `multi-set`.
fn pairs(words: Words<'_>) -> Result<Vec<(String, String)>, Failure> {
    let pair = |pair: &Value| {
        let (Value::List(pair) | Value::Tuple(pair)) = pair else {
            return Err(Failure::value("a pair of property and value was expected"));
        };
        Ok((Words(pair).text(0)?, Words(pair).text(1)?))
    };
    words.list(4)?.iter().map(pair).collect()
}

fn add(jail: &LiveJail, name: &str, definition: Definition) -> Result<(), Failure> {
    let exists = || Failure::value(format!("Action {name} already exists"));
    if let Some(reload) = &mut jail.work.lock().reload {
        // The properties are named anew one by one; meanwhile commands run by what it was.
        if reload.staged.iter().any(|(known, _)| known == name) {
            return Err(exists());
        }
        reload.actions.remove(name);
        reload.staged.push((name.to_owned(), SharedDefinition::new(definition)));
        return Ok(());
    }
    if jail.queue.definition(name).is_some() {
        return Err(exists());
    }
    jail.queue.push(Task::AddAction {
        name: name.into(),
        definition: SharedDefinition::new(definition),
    });
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
            if property == EPOCH && definition.kind == Kind::Commands {
                return methods::ask(&jail.queue, &name, Call::Epoch);
            }
            let (class, has) = match definition.kind {
                Kind::Commands => ("CommandAction", definition.get(&property).is_some()),
                Kind::Mail => (python::CLASS, python::property(&definition, &property).is_some()),
            };
            if !has {
                return Err(Failure::plain(
                    "AttributeError",
                    format!("'{class}' object has no attribute '{property}'"),
                ));
            }
            shown(&definition, &property)
        }
        "actionproperties" => list(match definition.kind {
            Kind::Commands => {
                let mut names = definition.names();
                names.push(EPOCH.to_owned());
                names.sort();
                names
            }
            Kind::Mail => python::properties(&definition),
        }),
        _ => {
            let methods = methods_of(definition.kind).iter();
            list(methods.map(|method| (*method).to_owned()).collect())
        }
    })
}

fn shown(definition: &Definition, property: &str) -> Value {
    if definition.kind == Kind::Mail {
        return python::property(definition, property).unwrap_or(Value::None);
    }
    let Some(text) = definition.get(property) else {
        return Value::None;
    };
    // The one that is a number.
    let number = || match text.parse() {
        Ok(seconds) => Some(Value::Int(seconds)),
        Err(_) => text.parse().ok().map(Value::Float),
    };
    match property {
        "timeout" => number().unwrap_or_else(|| Value::from(text)),
        _ => Value::from(text),
    }
}

pub(super) fn known(jail: &LiveJail, name: &str) -> Result<SharedDefinition, Failure> {
    let staged = jail.work.lock().reload.as_ref().and_then(|reload| {
        let (_, definition) = reload.staged.iter().find(|(known, _)| known == name)?;
        Some(definition.clone())
    });
    staged.or_else(|| jail.queue.definition(name)).ok_or_else(|| Failure {
        module: "builtins",
        class: "KeyError",
        args: vec![Value::Str(format!("Invalid Action name: {name}"))],
    })
}
