//! `-D`: links that show an expression at work on a line, at debuggex.com.
use bantam_detect::Encoding;
use bantam_pattern::tags::{self, UseDns};
use std::fmt::Write as _;

/// What all links have in common.
#[derive(Debug, Clone, Copy)]
pub struct Links {
    pub use_dns: UseDns,
    pub multi_line: bool,
    pub encoding: Encoding,
}

impl Links {
    /// The line, the expression and the link.
    pub fn row(&self, line: &str, expression: &str) -> String {
        format!("{line} | {expression} |  {}", self.link(line, expression))
    }

    fn link(&self, line: &str, expression: &str) -> String {
        let expanded = tags::expand_only(expression, self.use_dns);
        let mut link = "https://www.debuggex.com/?re=".to_owned();
        quote(expanded.as_bytes(), &mut link);
        link += "&str=";
        quote(&self.encoding.encode(line), &mut link);
        link += "&flavor=python";
        if self.multi_line {
            link += "&flags=m";
        }
        link
    }
}

/// Writes text as the value of a form.
fn quote(text: &[u8], out: &mut String) {
    for &byte in text {
        match byte {
            b' ' => out.push('+'),
            b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_a_line_stays_in_its_value() {
        let links = Links {
            use_dns: UseDns::Yes,
            multi_line: true,
            encoding: Encoding::Utf8,
        };
        assert_eq!(
            links.row("a&b=ü~\n", "<F-USER>a+</F-USER>"),
            "a&b=ü~\n | <F-USER>a+</F-USER> |  \
             https://www.debuggex.com/?re=%28%3FP%3Cuser%3Ea%2B%29&str=a%26b%3D%C3%BC~%0A&flavor=python&flags=m"
        );
    }
}
