//! How loud a line is.

/// A level of the original's scale: the higher, the more important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(pub i32);

/// Of several names for one level, the first stands in lines.
const NAMES: [(&str, i32); 12] = [
    ("CRITICAL", 50),
    ("FATAL", 50),
    ("ERROR", 40),
    ("WARNING", 30),
    ("WARN", 30),
    ("NOTICE", 25),
    ("INFO", 20),
    ("MSG", 18),
    ("DEBUG", 10),
    ("TRACEDEBUG", 7),
    ("HEAVYDEBUG", 5),
    ("NOTSET", 0),
];

impl Level {
    /// 40
    pub const ERROR: Level = Level(40);
    /// 30
    pub const WARNING: Level = Level(30);
    /// 25: bans
    pub const NOTICE: Level = Level(25);
    /// 20
    pub const INFO: Level = Level(20);
    /// 18: said by the original only below its default level
    pub const MSG: Level = Level(18);
    /// 10
    pub const DEBUG: Level = Level(10);

    /// From a name in any case, or a number.
    pub fn parse(text: &str) -> Option<Level> {
        let upper = text.to_uppercase();
        NAMES
            .iter()
            .find(|(name, _)| *name == upper)
            .map(|(_, level)| Level(*level))
            .or_else(|| {
                let number = !upper.is_empty() && upper.bytes().all(|byte| byte.is_ascii_digit());
                number.then(|| Level(upper.parse().unwrap_or(i32::MAX)))
            })
    }

    /// The name that stands in a line.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, level)| *level <= self.0)
            .map_or("NOTSET", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_a_configuration_may_name_is_known() {
        for name in bantam_conf::LOG_LEVELS {
            assert!(Level::parse(&name.to_lowercase()).is_some(), "{name}");
        }
        assert_eq!(Level::parse("warn").map(Level::name), Some("WARNING"));
        assert_eq!(Level::parse("13"), Some(Level(13)));
        assert_eq!(Level::parse("-3"), None);
    }
}
