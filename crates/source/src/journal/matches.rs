//! What entries have to say for a jail to read them: `FIELD=value`, joined as on the command line of `journalctl`.

/// Alternatives, each of which asks for all of its words (of those that name the same field, for one).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// `FIELD=value` words, by alternative.
    pub alternatives: Vec<Vec<String>>,
}

/// A word that is no match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journalmatch '{0}' is not of the form FIELD=value (capital letters, digits and `_`, not `__` in front)")]
pub struct NoMatch(pub String);

impl Match {
    /// Splits words at each `+`.
    pub fn parse(words: &[String]) -> Result<Self, NoMatch> {
        let mut alternatives = vec![Vec::new()];
        for word in words {
            if word == "+" {
                alternatives.push(Vec::new());
            } else if !is_valid(word) {
                return Err(NoMatch(word.clone()));
            } else if let Some(last) = alternatives.last_mut() {
                last.push(word.clone());
            }
        }
        Ok(Match { alternatives })
    }

    /// Whether every entry matches.
    pub fn is_empty(&self) -> bool {
        self.alternatives.iter().all(Vec::is_empty)
    }

    /// The words for the command line.
    pub(super) fn arguments(&self) -> Vec<&str> {
        let mut words = Vec::new();
        for one in self.alternatives.iter().filter(|one| !one.is_empty()) {
            if !words.is_empty() {
                words.push("+");
            }
            words.extend(one.iter().map(String::as_str));
        }
        words
    }
}

/// As systemd's library sees it. (Its program would take more: a path, which stands for a field of the process.)
fn is_valid(word: &str) -> bool {
    let Some((field, _)) = word.split_once('=') else {
        return false;
    };
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !field.is_empty() && !field.starts_with("__") && field.bytes().all(is_name) && !word.contains('\0')
}
