//! `<name>` inside the values of filters and actions, resolved as far as the configuration knows the name.
//!
//! What stays (`<HOST>`, `<ip>`) belongs to the expression or is filled in when a ban is carried out.

use crate::budget::Budget;
use crate::definition::Setting;
use crate::findings::Problem;
use crate::text::Text;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// How often one tag may be put into one value; more is taken for a circle.
const MAX_REPLACEMENTS: u32 = 25;

/// Bytes that a value may grow to.
const MAX_LENGTH: usize = 1 << 20;

/// Finds the value of a tag that is none of the settings themselves.
pub(crate) type Lookup<'a> = dyn FnMut(&str) -> Result<Option<Text>, Problem> + 'a;

/// Resolves the tags in all settings that are not to be left alone. A tag that is to be left alone also stays
/// where others mention it.
pub(crate) fn resolve(
    settings: &mut IndexMap<String, Setting>,
    leave: &HashSet<String>,
    budget: &Budget,
    lookup: &mut Lookup<'_>,
) -> Result<(), Problem> {
    let mut done: HashSet<usize> = HashSet::new();
    let mut counts: HashMap<usize, HashMap<String, u32>> = HashMap::new();
    loop {
        let mut again = false;
        for index in 0..settings.len() {
            let Some((name, setting)) = settings.get_index(index) else {
                break;
            };
            if done.contains(&index) || leave.contains(name) {
                continue;
            }
            let Some(before) = setting.to_text() else {
                done.insert(index);
                continue;
            };
            let name = name.clone();
            let mut count = counts.remove(&index).unwrap_or_default();
            let value = resolve_one(&name, before.clone(), settings, (leave, budget), lookup, &mut count)?;
            if !value.as_str().contains('<') {
                done.insert(index);
            }
            if value.as_str() != before.as_str() {
                if find(value.as_str(), 0).is_some() {
                    counts.insert(index, count);
                    again = true;
                }
                settings.insert(name, Setting::Text(value));
            }
        }
        if !again {
            return Ok(());
        }
    }
}

fn resolve_one(
    name: &str,
    mut value: Text,
    settings: &IndexMap<String, Setting>,
    (leave, budget): (&HashSet<String>, &Budget),
    lookup: &mut Lookup<'_>,
    count: &mut HashMap<String, u32>,
) -> Result<Text, Problem> {
    let mut from = 0;
    while let Some(found) = find(value.as_str(), from) {
        let tag = value
            .as_str()
            .get(found.start + 1..found.end - 1)
            .unwrap_or_default()
            .to_owned();
        if leave.contains(&tag) {
            from = found.end;
            continue;
        }
        let used = count.entry(tag.clone()).or_insert(0);
        if tag == name || *used > MAX_REPLACEMENTS {
            let message = format!("`{name}` contains itself through `<{tag}>`");
            return Err(
                Problem::new(value.place_at(found.start), tag.chars().count() + 2, message)
                    .hint("a value can't be built from itself; in arguments, `<known/...>` means the value of [Init]"),
            );
        }
        let replacement = match settings.get(&tag).and_then(Setting::to_text) {
            Some(text) => Some(text),
            None => lookup(&tag)?,
        };
        let Some(replacement) = replacement else {
            from = found.end;
            continue;
        };
        *used += 1;
        let needle = format!("<{tag}>");
        let occurrences = value.as_str().matches(needle.as_str()).count();
        let length = value
            .len()
            .saturating_add(replacement.len().saturating_mul(occurrences));
        if length > MAX_LENGTH || !budget.spend(length) {
            let message = format!("`{name}` grows without end through `<{tag}>`");
            return Err(
                Problem::new(value.place_at(found.start), tag.chars().count() + 2, message)
                    .hint("values that refer to each other several times multiply: let each refer to others once"),
            );
        }
        value = value.replaced(&needle, &replacement);
        from = found.start;
    }
    Ok(value)
}

/// The next `<tag>` from an offset on; a tag holds no space, `<` or `>`.
fn find(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut open = None;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'<' => open = Some(at),
            b' ' => open = None,
            b'>' => {
                if let Some(start) = open.filter(|start| at - start > 1) {
                    return Some(start..at + 1);
                }
                open = None;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn run(pairs: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let mut settings: IndexMap<String, Setting> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Setting::Text(Text::plain(*v))))
            .collect();
        resolve(
            &mut settings,
            &HashSet::from(["left".to_owned()]),
            &Budget::default(),
            &mut |_| Ok(None),
        )
        .map_err(|p| p.message)?;
        Ok(settings.values().map(|s| s.to_text().unwrap().into_string()).collect())
    }

    #[test]
    fn tags_are_resolved_inside_of_tags() {
        let got = run(&[
            ("x", "<a-<mode>> <HOST> <left>"),
            ("mode", "b"),
            ("a-b", "[<c>]"),
            ("c", "!"),
            ("left", "<c>"),
        ]);
        assert_eq!(got.unwrap(), ["[!] <HOST> <left>", "b", "[!]", "!", "<c>"]);
    }

    #[test]
    fn a_tag_that_contains_itself_is_an_error() {
        assert!(run(&[("x", "<x>")]).is_err());
        assert!(run(&[("x", "<y>"), ("y", "a <x>")]).is_err());
    }

    #[test]
    fn tags_that_multiply_end_in_an_error() {
        let names: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
        let values: Vec<String> = (1..41).map(|n| format!("<t{n}><t{n}>")).collect();
        let pairs: Vec<(&str, &str)> = names
            .iter()
            .zip(&values)
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert!(run(&pairs).unwrap_err().contains("without end"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_value_panics_the_resolution(a in "[ab<>c é]{0,12}", b in "[ab<>c é]{0,12}", c in "(<[abc]>|x){0,6}") {
            let _ = run(&[("a", &a), ("b", &b), ("c", &c)]);
        }
    }
}
