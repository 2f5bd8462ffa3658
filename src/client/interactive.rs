//! `-i`: commands from standard input, one to a line.
use super::process;
use crate::cmdline::{self, CommandLine, Console};
use std::io::BufRead;

/// Until `exit`, `quit` or the end of the input, which counts as a failure as it does in the original.
pub(super) fn run(command_line: &CommandLine, console: &mut Console, input: impl BufRead) -> bool {
    if !command_line.words.is_empty() && !process(command_line, &command_line.words, console) {
        return false;
    }
    if command_line.json {
        return read(command_line, console, input, "");
    }
    console.print(&format!(
        "Bantam v{}. Type a command, help or exit.\n",
        env!("CARGO_PKG_VERSION")
    ));
    read(command_line, console, input, "fail2ban> ")
}

fn read(command_line: &CommandLine, console: &mut Console, mut input: impl BufRead, prompt: &str) -> bool {
    loop {
        console.prompt(prompt);
        let mut line = Vec::new();
        match input.read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => {
                if !command_line.json {
                    console.print("");
                }
                return false;
            }
        }
        match String::from_utf8_lossy(&line).trim() {
            "" => {}
            "exit" | "quit" => return true,
            "help" => cmdline::show_usage(&command_line.program, console),
            line => match words(line) {
                Ok(words) => {
                    process(command_line, &words, console);
                }
                Err(cause) => {
                    console.error(cause);
                    if command_line.json {
                        console.print_json(&cmdline::json_error("", cause));
                    }
                }
            },
        }
    }
}

/// Splits a line into words as a shell does, without expanding anything.
pub(super) fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, char) if char.is_whitespace() => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (Some(open), char) if open == char => quote = None,
            (None, '\\') => word
                .get_or_insert_default()
                .push(chars.next().ok_or("No escaped character")?),
            (Some('"'), '\\') => {
                let next = chars.next().ok_or("No escaped character")?;
                let word = word.get_or_insert_default();
                if !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (_, char) => word.get_or_insert_default().push(char),
        }
    }
    if quote.is_some() {
        return Err("No closing quotation");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn lines_are_split_as_a_shell_splits_them() {
        let got = words(r#"set j 'a "b' "c 'd \" \n \\" e\ f '' g'h'i"#).unwrap();
        assert_eq!(got, ["set", "j", "a \"b", "c 'd \" \\n \\", "e f", "", "ghi"]);
        assert_eq!(words("'open").unwrap_err(), "No closing quotation");
        assert_eq!(words("open\\").unwrap_err(), "No escaped character");
    }
}
