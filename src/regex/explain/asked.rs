//! Which lines each expression is asked about, in the order of the pipeline, and what that costs.
use super::Section;
use super::costs;
use super::dates::Line;
use bantam_pattern::Regex;
use memchr::memmem;
use std::time::Duration;

/// Processor time that all expressions together may take.
const BUDGET: Duration = Duration::from_secs(5);
/// No expression gets less.
const LEAST: Duration = Duration::from_millis(60);

/// Lines by expression, as indices.
#[derive(Debug, Default)]
pub struct Asked {
    asked: Vec<Vec<usize>>,
    matched: Vec<Vec<usize>>,
}

impl Asked {
    /// The lines that the expression was asked about.
    pub fn asked_of(&self, section: usize) -> &[usize] {
        self.asked.get(section).map_or(&[], Vec::as_slice)
    }

    /// Of these, those that it matched.
    pub fn matched_by(&self, section: usize) -> &[usize] {
        self.matched.get(section).map_or(&[], Vec::as_slice)
    }
}

/// Asks all expressions, and keeps their costs with them.
pub fn ask(lines: &mut [Line], sections: &mut [Section]) -> Asked {
    let count = |option: &str| {
        sections
            .iter()
            .filter(|section| section.subject.option == option)
            .count()
    };
    let (fail, ignore) = (count("failregex"), count("ignoreregex"));
    // Few ignoreregexes beside many failregexes are tried before them.
    let ignores_first = ignore > 0 && ignore + 2 < fail;
    let has_prefix = count("prefregex") > 0;
    let part = u32::try_from(sections.len()).unwrap_or(u32::MAX).max(1);
    let mut pass = Pass {
        budget: (BUDGET / part).max(LEAST),
        asked: Asked {
            asked: vec![Vec::new(); sections.len()],
            matched: vec![Vec::new(); sections.len()],
        },
    };
    let mut remaining: Vec<usize> = (0..lines.len()).collect();
    if ignores_first {
        remaining = pass.each(lines, sections, "ignoreregex", remaining).1;
    }
    if has_prefix {
        remaining = pass.each(lines, sections, "prefregex", remaining).0;
        if let Some(section) = sections.iter().find(|section| section.subject.option == "prefregex") {
            remaining
                .iter()
                .for_each(|index| hand_on(&section.subject.regex, lines.get_mut(*index)));
        }
    }
    let (matched, _) = pass.each(lines, sections, "failregex", remaining);
    if !ignores_first {
        pass.each(lines, sections, "ignoreregex", matched);
    }
    pass.asked
}

/// Keeps what prefregex hands on of a line.
fn hand_on(prefregex: &Regex, line: Option<&mut Line>) {
    let (Some(line), Some(group)) = (line, prefregex.group_index("content")) else {
        return;
    };
    let text = line.text(false);
    let found = prefregex.captures(text).ok().flatten();
    let span = found.and_then(|found| found.spans.get(group).copied().flatten());
    let content = span.and_then(|(from, to)| Some((format!("{}\n", text.get(from..to)?), from)));
    line.content = content.filter(|(content, _)| content.len() > 1);
}

struct Pass {
    budget: Duration,
    asked: Asked,
}

impl Pass {
    /// Asks all of a kind, each about what those before it left; tells which lines matched and which did not.
    fn each(
        &mut self,
        lines: &[Line],
        sections: &mut [Section],
        option: &str,
        from: Vec<usize>,
    ) -> (Vec<usize>, Vec<usize>) {
        let mut remaining = from;
        let mut all = Vec::new();
        for (index, section) in sections.iter_mut().enumerate() {
            if section.subject.option != option {
                continue;
            }
            let mut hits = vec![false; lines.len()];
            let in_content = option != "prefregex";
            let texts: Vec<(usize, &str)> = remaining
                .iter()
                .filter_map(|index| Some((*index, lines.get(*index)?.text(in_content))))
                .collect();
            let regex = &section.subject.regex;
            let mut costs = costs::measure(regex, texts.iter().copied(), self.budget, |index, found| {
                if let Some(hit) = hits.get_mut(index) {
                    *hit = found;
                }
            });
            costs.lines = lines.len();
            costs.searched = match section.subject.literal() {
                Some(literal) => {
                    let finder = memmem::Finder::new(literal);
                    let holds = |text: &str| finder.find(text.as_bytes()).is_some();
                    texts.iter().filter(|(_, text)| holds(text)).count()
                }
                None => texts.len(),
            };
            let is_hit = |index: &usize| hits.get(*index).copied().unwrap_or(false);
            let (matched, left): (Vec<usize>, Vec<usize>) = remaining.iter().partition(|index| is_hit(index));
            section.costs = Some(costs);
            all.extend_from_slice(&matched);
            let asked = std::mem::replace(&mut remaining, left);
            if let (Some(of), Some(by)) = (self.asked.asked.get_mut(index), self.asked.matched.get_mut(index)) {
                *of = asked;
                *by = matched;
            }
        }
        all.sort_unstable();
        (all, remaining)
    }
}
