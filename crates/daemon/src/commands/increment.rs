//! `set JAIL bantime.OPTION`: how ban times grow.
use super::Failure;
use crate::live::Work;
use crate::log::{Log, Module};
use bantam_jail::{Formula, Increment};
use bantam_wire::Value;

/// `bantime.OPTION`; an empty value unsets it.
pub(super) fn set(log: &Log, work: &mut Work, option: &str, value: &str) -> Result<(), Failure> {
    let mut extra = work.bantime_extra.clone();
    if value.is_empty() {
        extra.remove(option);
    } else {
        extra.insert(option.to_owned(), value.to_owned());
    }
    work.jail.options_mut().increment = increment_of(&extra)?;
    work.bantime_extra = extra;
    log.info(Module::Jail, format!("Set banTime.{option} = {value}"));
    Ok(())
}

fn increment_of(extra: &std::collections::BTreeMap<String, String>) -> Result<Increment, Failure> {
    let text = |name: &str| extra.get(name).map(String::as_str);
    let truth = |name| text(name).is_some_and(crate::text::is_true);
    let seconds = |name| text(name).map(bantam_conf::seconds).transpose().map_err(Failure::value);
    let formula = |name| {
        text(name)
            .map(Formula::parse)
            .transpose()
            .map_err(|error| Failure::value(format!("bantime.{name}: {error}")))
    };
    let factor = match formula("factor")? {
        Some(formula) => Some(
            formula
                .value(0.0, 0, 1.0, &mut crate::clock::luck)
                .map_err(Failure::value)?,
        ),
        None => None,
    };
    let multipliers = text("multipliers")
        .unwrap_or_default()
        .split_whitespace()
        .map(|word| {
            let number = super::words::whole(word).map(|number| number as f64);
            let shown = || bantam_wire::repr::repr(&Value::from(word));
            number.ok_or_else(|| Failure::value(format!("invalid literal for int() with base 10: {}", shown())))
        })
        .collect::<Result<Vec<f64>, Failure>>()?;
    Ok(Increment {
        enabled: truth("increment"),
        rndtime: seconds("rndtime")?,
        maxtime: seconds("maxtime")?,
        factor,
        formula: formula("formula")?,
        multipliers,
        overall_jails: truth("overalljails"),
    })
}
