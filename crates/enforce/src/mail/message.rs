//! A mail in the form in which it travels: headers that hold in 7 bits, a body that no server has to change.
use super::letter::Letter;
use email_encoding::body::base64;
use email_encoding::headers::writer::EmailWriter;
use email_encoding::headers::{quoted_string, rfc2047};
use jiff::Timestamp;
use std::fmt::{self, Write};

/// Longest line that goes as it is. RFC 5322 asks for no more than this, and bears 998.
const LONGEST_LINE: usize = 78;

/// From whom to whom, as shown in the headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correspondents<'s> {
    pub(super) sender_name: &'s str,
    pub(super) sender: &'s str,
    pub(super) to: &'s str,
}

/// The whole mail, lines ended by CR LF.
///
/// # Errors
/// Never in fact: writing to a text cannot fail.
pub(super) fn compose(letter: &Letter, who: Correspondents<'_>, now: Timestamp) -> Result<String, fmt::Error> {
    let mut out = String::with_capacity(letter.body.len() * 4 / 3 + 600);
    let plain = is_plain(&letter.body);
    let charset = if plain { "us-ascii" } else { "utf-8" };
    write!(
        out,
        "Content-Type: text/plain; charset=\"{charset}\"\r\nMIME-Version: 1.0\r\n"
    )?;
    let encoding = if plain { "7bit" } else { "base64" };
    write!(out, "Content-Transfer-Encoding: {encoding}\r\n")?;
    header(&mut out, "Subject", &letter.subject)?;
    from(&mut out, who)?;
    header(&mut out, "To", who.to)?;
    // The zone `-0000` is the original's: a time of no place in particular.
    write!(out, "Date: {}\r\n\r\n", now.strftime("%a, %d %b %Y %H:%M:%S -0000"))?;
    if plain {
        out += &letter.body.replace('\n', "\r\n");
    } else {
        base64::encode(letter.body.as_bytes(), &mut out)?;
        out += "\r\n";
    }
    Ok(out)
}

fn is_plain(body: &str) -> bool {
    let fits =
        |line: &str| line.len() <= LONGEST_LINE && line.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b));
    body.ends_with('\n') && body.split('\n').all(fits)
}

/// A header of free text: folded, and encoded unless all of it is plain.
fn header(out: &mut String, name: &str, value: &str) -> fmt::Result {
    write!(out, "{name}: ")?;
    let begun = name.len() + 2;
    let mut writer = EmailWriter::new(out, begun, 0, false);
    let plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let longest = value.split(' ').map(str::len).max().unwrap_or(0);
    if plain && longest < LONGEST_LINE - begun && !value.contains("=?") {
        writer.folding().write_str(value)?;
    } else {
        rfc2047::encode(value, &mut writer)?;
    }
    drop(writer);
    out.push_str("\r\n");
    Ok(())
}

fn from(out: &mut String, who: Correspondents<'_>) -> fmt::Result {
    const NAME: &str = "From: ";
    out.push_str(NAME);
    if who.sender_name.is_empty() {
        out.push_str(who.sender);
    } else {
        let mut writer = EmailWriter::new(out, NAME.len(), 0, false);
        quoted_string::encode(who.sender_name, &mut writer)?;
        writer.space();
        write!(writer.folding(), "<{}>", who.sender)?;
    }
    out.push_str("\r\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const WHO: Correspondents<'static> = Correspondents {
        sender_name: "Fail2Ban",
        sender: "fail2ban",
        to: "root, me@example.com",
    };

    fn composed(subject: &str, body: &str) -> String {
        let letter = Letter {
            subject: subject.to_owned(),
            body: body.to_owned(),
        };
        compose(&letter, WHO, Timestamp::from_second(1_700_000_000).unwrap()).unwrap()
    }

    #[test]
    fn a_plain_mail_goes_as_it_is() {
        assert_eq!(
            composed("[Fail2Ban] a: started on b", "Hello.\nBye.\n"),
            "Content-Type: text/plain; charset=\"us-ascii\"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 7bit\r\n\
             Subject: [Fail2Ban] a: started on b\r\nFrom: Fail2Ban <fail2ban>\r\nTo: root, me@example.com\r\n\
             Date: Tue, 14 Nov 2023 22:13:20 -0000\r\n\r\nHello.\r\nBye.\r\n"
        );
    }

    #[test]
    fn long_lines_and_letters_of_all_kinds_are_encoded() {
        for body in ["x".repeat(2000), "\u{e9}\n".to_owned()] {
            let mail = composed("s", &body);
            assert!(mail.contains("Content-Transfer-Encoding: base64\r\n"));
            assert!(mail.lines().all(|line| line.len() <= 78 && line.is_ascii()), "{mail}");
        }
        assert!(composed("gr\u{fc}n", "x\n").contains("Subject: =?utf-8?"));
    }

    #[test]
    fn a_name_with_special_characters_is_quoted_or_encoded() {
        let shown = |sender_name| {
            let letter = Letter {
                subject: String::new(),
                body: String::new(),
            };
            let who = Correspondents { sender_name, ..WHO };
            let mail = compose(&letter, who, Timestamp::UNIX_EPOCH).unwrap();
            mail.lines().find(|line| line.starts_with("From: ")).unwrap().to_owned()
        };
        assert_eq!(shown("Ban, Fail"), "From: =?utf-8?b?QmFuLCBGYWls?= <fail2ban>");
        assert_eq!(shown("Fail Ban"), "From: \"Fail Ban\" <fail2ban>");
        assert_eq!(shown("Fail \"2\""), r#"From: "Fail \"2\"" <fail2ban>"#);
        assert_eq!(shown(""), "From: fail2ban");
    }

    proptest! {
        #[test]
        fn nothing_makes_more_than_seven_headers(subject in "[^\\p{Cc}]{0,300}", body in "[^\r]{0,300}") {
            let mail = composed(&subject, &body);
            let (head, body) = mail.split_once("\r\n\r\n").unwrap();
            let begins = |line: &&str| !line.starts_with([' ', '\t']);
            prop_assert_eq!(head.split("\r\n").filter(begins).count(), 7, "{:?}", head);
            prop_assert!(mail.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
            prop_assert!(mail.is_ascii(), "{:?}", body);
        }
    }
}
