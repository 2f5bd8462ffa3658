//! What the filter has to say besides failures: only what makes results wrong is told, once, on standard error.
use bantam_detect::Note;

/// Notes of all lines.
#[derive(Default)]
pub struct Notes {
    /// What has just been noted.
    pub fresh: Vec<Note>,
    limits: Vec<(&'static str, usize)>,
}

impl Notes {
    /// Takes over what has just been noted.
    pub fn collect(&mut self) {
        for note in self.fresh.drain(..) {
            if let Note::Limit { option, index } = note
                && !self.limits.contains(&(option, index))
            {
                self.limits.push((option, index));
            }
        }
    }

    /// Tells it, once all lines are through.
    pub fn tell(&self) {
        for (option, index) in &self.limits {
            eprintln!(
                "warning: {option} {} took too many steps on some lines; those count as not matching",
                index + 1
            );
        }
    }
}
