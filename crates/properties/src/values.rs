//! Small languages inside of options: durations, ban time formulas, entries of ignore lists.

use bantam_conf::Seconds;
use bantam_jail::{Formula, Id, IgnoreList, Lookups};
use std::net::IpAddr;
use std::sync::Arc;

/// A duration, a formula, a list of ignored ones: read or refused, with a value that can be counted with.
///
/// Input: a text that is read as each of them.
pub fn values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    duration(&text);
    formula(&text);
    ignored(&text);
}

fn duration(text: &str) {
    match bantam_conf::seconds_exact(text) {
        Ok(seconds) => {
            assert_eq!(
                bantam_conf::seconds(text).map(f64::to_bits),
                Ok(seconds.as_f64().to_bits())
            );
            assert!(!seconds.as_f64().is_nan(), "{text:?}");
            if let Seconds::Whole(number) = seconds
                && number > i64::MIN
            {
                assert_eq!(
                    bantam_conf::seconds_exact(&seconds.to_string()),
                    Ok(seconds),
                    "{text:?}"
                );
            }
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

fn formula(text: &str) {
    match Formula::parse(text) {
        Ok(formula) => {
            assert_eq!(formula.source(), text);
            for (time, count) in [(600.0, 1), (-1.0, 0), (1e18, u32::MAX)] {
                if let Ok(value) = formula.value(time, count, 1.5, &mut || 0.5) {
                    assert!(value.is_finite(), "{text:?} is {value}");
                }
            }
        }
        Err(error) => {
            assert!(!error.message.is_empty());
            assert!(
                error.at.is_none_or(|at| at <= text.len() && text.is_char_boundary(at)),
                "{error:?}"
            );
        }
    }
}

fn ignored(text: &str) {
    let mut list = IgnoreList::new();
    // A network of all addresses is listed without its prefix, as the original lists it, and a name in brackets without
    // these: so they are not read back as they were written.
    let is_listed_whole =
        |word: &&str| !word.is_empty() && !word.starts_with('[') && !matches!(Id::parse(word), Id::Net(_, 0));
    let words: Vec<&str> = text.split([' ', ',', '\n']).filter(is_listed_whole).take(50).collect();
    for word in &words {
        let before = list.len();
        let added = list.add(word);
        assert_eq!(list.len(), before + usize::from(added), "{word:?}");
    }
    for word in &words {
        let id = Id::parse(word);
        if !word.starts_with("file:") {
            assert!(list.covers(&id, &mut Nothing).is_some(), "{word:?} is on the list");
        }
    }
    let entries = list.entries();
    let mut again = IgnoreList::new();
    for entry in &entries {
        again.add(entry);
    }
    assert_eq!(again.entries(), entries);
    for entry in &entries {
        assert!(list.remove(entry), "{entry:?}");
    }
    assert!(list.is_empty());
    let file = IgnoreList::from_file_text(text);
    assert!(file.entries().len() == file.len());
}

/// No name has an address and no file can be read.
struct Nothing;

impl Lookups for Nothing {
    fn addresses(&mut self, _name: &str) -> Vec<IpAddr> {
        Vec::new()
    }
    fn file(&mut self, _path: &str) -> Option<Arc<IgnoreList>> {
        None
    }
}
