//! Whether plans and expressions find the same: for tests that are told what to ask from outside.

use super::Match;
use super::detector::Detector;
use super::marks::Marks;

impl Detector {
    /// Describes a template whose plan and whose expression do not find the same in the line, if there is one; the whole
    /// line is searched, and then its second and third quarter. Teaches nothing.
    pub fn disagreement(&self, line: &str) -> Option<String> {
        let border = |at: usize| (0..=at).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
        let (a, b) = (border(line.len() / 4), border(line.len() / 4 * 3));
        let mut marks = Marks::default();
        marks.reset(line, line.is_ascii());
        self.each_template().find_map(|template| {
            let mut pairs = vec![(
                Match::of(|found| template.search(line, &mut marks, found)),
                Match::of(|found| template.search_expression(line, 0, line.len(), &mut marks, found)),
            )];
            if !template.at_line_begin {
                pairs.push((
                    Match::of(|found| template.search_within(line, a, b, &mut marks, found)),
                    Match::of(|found| template.search_expression(line, a, b, &mut marks, found)),
                ));
            }
            let (planned, found) = pairs.into_iter().find(|(planned, found)| planned != found)?;
            Some(format!("{}: plan {planned:?}, expression {found:?}", template.name))
        })
    }
}
