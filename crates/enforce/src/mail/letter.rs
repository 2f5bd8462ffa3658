//! What the mails say. The form of the subjects is the original's, for people sort their mail by it.
use super::settings::Lines;
use crate::TagSource;
use jiff::Timestamp;

/// A value of a ban longer than this is cut in the subject.
const LONGEST_IN_SUBJECT: usize = 200;

/// The lines of one ban are cut here: a mail of megabytes would be refused, and its ban never told.
const LONGEST_LINES: usize = 256 * 1024;

/// A mail before it is put into its form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) body: String,
}

/// The jail has been started, or stopped.
pub(super) fn about_jail(jail: &str, host: &str, event: &str) -> Letter {
    Letter {
        subject: format!("[Fail2Ban] {}: {event} on {host}", in_one_line(jail)),
        body: format!("The jail {} on {host} has been {event}.\n", visible(jail)),
    }
}

/// Somebody has been banned.
pub(super) fn about_ban(jail: &str, host: &str, lines: Lines, values: &dyn TagSource) -> Letter {
    let value = |name: &str| values.tag(name).unwrap_or_default();
    let (ip, shown_jail) = (visible(&value("ip")), visible(jail));
    let body = format!(
        "The jail {shown_jail} on {host} has banned {ip}.\n\nAddress:  {ip}\nReason:   {} attempts\nBan time: {}\nLast \
         seen: {}\n{}",
        value("failures"),
        length(&value("bantime")),
        point_in_time(&value("time")),
        section(lines, &ip, &shown_jail, values)
    );
    Letter {
        subject: format!(
            "[Fail2Ban] {}: banned {} from {host}",
            in_one_line(jail),
            in_one_line(&value("ip"))
        ),
        body,
    }
}

fn length(bantime: &str) -> String {
    match bantime.trim().starts_with('-') {
        true => "for good".to_owned(),
        false => format!("{bantime} seconds"),
    }
}

fn point_in_time(time: &str) -> String {
    let seconds = time.trim().parse::<f64>().ok();
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
    at.map_or_else(|| visible(time), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn section(lines: Lines, ip: &str, jail: &str, values: &dyn TagSource) -> String {
    let (title, tag) = match lines {
        Lines::None => return String::new(),
        Lines::OfBan => ("Lines of this ban".to_owned(), "matches"),
        Lines::OfJail => (format!("Lines of {ip} in the jail {jail}"), "ipjailmatches"),
        Lines::OfAll => (format!("Lines of {ip} in all jails"), "ipmatches"),
    };
    let text = values.tag(tag).unwrap_or_default();
    let kept = cut(&text, LONGEST_LINES);
    let rest = match text.len() - kept.len() {
        0 => String::new(),
        left => format!("({left} more bytes)\n"),
    };
    format!("\n{title}:\n{}\n{rest}", visible(kept.trim_end_matches('\n')))
}

/// At most so many bytes, whole characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

fn in_one_line(text: &str) -> String {
    visible(cut(text, LONGEST_IN_SUBJECT)).replace(['\n', '\t'], " ")
}

/// Characters by which a log line could steer the terminal that a mail is read on are shown escaped.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{2028}' | '\u{2029}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match hidden(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    struct Values(&'static str, &'static str);

    impl TagSource for Values {
        fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
            Some(Cow::Borrowed(match name {
                "ip" => self.0,
                "failures" => "3",
                "bantime" => "600",
                "time" => "1700000000.0",
                "matches" => self.1,
                _ => return None,
            }))
        }
    }

    #[test]
    fn a_ban_is_told_with_all_that_is_known_of_it() {
        let letter = about_ban("door", "host", Lines::OfBan, &Values("192.0.2.1", "line 1\nline 2"));
        assert_eq!(letter.subject, "[Fail2Ban] door: banned 192.0.2.1 from host");
        for part in [
            "3 attempts",
            "600 seconds",
            "2023-11-14 22:13:20 UTC",
            "Lines of this ban:\nline 1\nline 2\n",
        ] {
            assert!(letter.body.contains(part), "{part}: {}", letter.body);
        }
    }

    #[test]
    fn bytes_from_a_log_neither_begin_a_header_nor_steer_a_terminal() {
        let values = Values("a\r\nBcc: b@example.com\u{202e}", "x\x1b[2J\r\n.\r\n");
        let letter = about_ban("door", "host", Lines::OfBan, &values);
        assert_eq!(
            letter.subject,
            "[Fail2Ban] door: banned a\\r Bcc: b@example.com\\u{202e} from host"
        );
        assert!(
            !letter.body.contains(|c: char| c.is_control() && c != '\n'),
            "{letter:?}"
        );
    }

    #[test]
    fn lines_without_end_are_cut() {
        let long: &'static str = Box::leak("é".repeat(LONGEST_LINES).into_boxed_str());
        let letter = about_ban("door", "host", Lines::OfBan, &Values("192.0.2.1", long));
        assert!(letter.body.len() < LONGEST_LINES + 1000);
        assert!(letter.body.ends_with("more bytes)\n"));
    }

    #[test]
    fn a_ban_without_end_is_said_to_be_one() {
        assert_eq!(length("-1"), "for good");
    }
}
