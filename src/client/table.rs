//! The table of `stats`: one row to a jail, with lines drawn where the terminal's characters allow it.
use bantam_wire::Value;
use bantam_wire::repr::display;

/// What the lines are drawn with.
struct Lines {
    column: char,
    double: char,
    left: char,
    single_cross: char,
    double_cross: char,
    foot: char,
    thin: char,
    single: char,
}

const ASCII: Lines = Lines {
    column: '|',
    double: '-',
    left: '|',
    single_cross: 'x',
    double_cross: 'x',
    foot: '-',
    thin: '|',
    single: '-',
};

const BOX: Lines = Lines {
    column: '║',
    double: '═',
    left: '╟',
    single_cross: '╫',
    double_cross: '╬',
    foot: '╩',
    thin: '│',
    single: '─',
};

/// A jail's row: its name, its backend, and four figures.
type Row = [String; 6];

/// The least widths, and so those of the headings.
const LEAST: [usize; 6] = [8, 8, 3, 3, 3, 3];

/// The reply to `stats` in words; `None` when it is no such reply. `utf8`: the output may hold more than ASCII.
pub(super) fn statistics(reply: &Value, utf8: bool) -> Option<String> {
    let Value::Dict(jails) = reply else { return None };
    if jails.is_empty() {
        return Some("No jails found.".to_owned());
    }
    let rows: Option<Vec<Row>> = jails
        .iter()
        .map(|(name, figures)| row(display(name), figures))
        .collect();
    Some(table(&rows?, if utf8 { &BOX } else { &ASCII }))
}

/// The figures of one jail, as `status JAIL stats` gives them.
pub(super) fn of_one(jail: &str, reply: &Value, utf8: bool) -> Option<String> {
    let row = row(jail.to_owned(), reply)?;
    Some(table(&[row], if utf8 { &BOX } else { &ASCII }))
}

/// Whether standard output takes UTF-8, by the locale: as Python, also where none is set.
pub(super) fn output_is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let Some(locale) = locale else { return true };
    let locale = locale.to_ascii_lowercase().replace('-', "");
    matches!(locale.as_str(), "c" | "posix") || locale.contains("utf8")
}

fn row(name: String, figures: &Value) -> Option<Row> {
    let items = |value: &Value| match value {
        Value::List(items) | Value::Tuple(items) => Some(items.clone()),
        _ => None,
    };
    let [backend, filter, actions] = <[Value; 3]>::try_from(items(figures)?).ok()?;
    let [failed, all_failed] = <[Value; 2]>::try_from(items(&filter)?).ok()?;
    let [banned, all_banned] = <[Value; 2]>::try_from(items(&actions)?).ok()?;
    let [backend, failed, all_failed, banned, all_banned] =
        [backend, failed, all_failed, banned, all_banned].map(|value| display(&value));
    Some([name, backend, failed, all_failed, banned, all_banned])
}

fn table(rows: &[Row], lines: &Lines) -> String {
    let mut widths = LEAST;
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [name, backend, failed, all_failed, banned, all_banned] = widths;
    let (filter, actions) = (failed + 3 + all_failed, banned + 3 + all_banned);
    let (column, thin) = (lines.column, lines.thin);
    let rule = |line: char, width: usize| line.to_string().repeat(width);
    let figures = |[a, b, c, d, e, f]: [&str; 6]| {
        format!(
            " {a:<name$} {column} {b:<backend$} {column} {c:>failed$} {thin} {d:>all_failed$} {column} \
             {e:>banned$} {thin} {f:>all_banned$}"
        )
    };
    let double = |cross: char| {
        let parts = [name, backend, filter, actions].map(|width| rule(lines.double, width));
        let between = format!("{}{cross}{}", lines.double, lines.double);
        format!("{}{}{}", lines.double, parts.join(&between), lines.double)
    };
    let mut out = vec![format!(
        " {:<name$} {column} {:<backend$} {column} {:<filter$} {column} {:<actions$}",
        "", "", "Filter", "Actions"
    )];
    out.push(format!(
        " {:<name$} {column} {:<backend$} {}{}{}{}{}{}{}",
        "Jail",
        "Backend",
        lines.left,
        lines.single,
        rule(lines.single, filter),
        lines.single,
        lines.single_cross,
        lines.single,
        rule(lines.single, actions + 1),
    ));
    out.push(figures(["", "", "cur", "tot", "cur", "tot"]));
    out.push(double(lines.double_cross));
    out.extend(rows.iter().map(|row| figures(row.each_ref().map(String::as_str))));
    out.push(double(lines.foot));
    out.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn jails() -> Value {
        let pair = |a: i64, b: i64| Value::Tuple(vec![a.into(), b.into()]);
        let figures = |backend: &str, failed, banned| Value::List(vec![backend.into(), failed, banned]);
        Value::Dict(vec![
            ("a".into(), figures("polling", pair(0, 12), pair(3, 12345))),
            ("a-long-name".into(), figures("pyinotify", pair(1, 2), pair(3, 4))),
        ])
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let expected = [
            "             |           | Filter    | Actions    ",
            " Jail        | Backend   |-----------x-------------",
            "             |           | cur | tot | cur |   tot",
            "-------------x-----------x-----------x-------------",
            " a           | polling   |   0 |  12 |   3 | 12345",
            " a-long-name | pyinotify |   1 |   2 |   3 |     4",
            "---------------------------------------------------",
        ];
        let got = statistics(&jails(), false).unwrap();
        assert_eq!(got.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_jails_there_is_no_table() {
        assert_eq!(statistics(&Value::Dict(vec![]), true).unwrap(), "No jails found.");
        assert_eq!(statistics(&Value::Int(1), true), None);
        assert_eq!(statistics(&Value::Dict(vec![("a".into(), Value::None)]), true), None);
    }

    #[test]
    fn lines_are_drawn_where_the_locale_has_them() {
        let with =
            |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.to_owned());
        assert!(output_is_utf8(|_| None));
        assert!(output_is_utf8(with("LANG", "de_DE.UTF-8")));
        assert!(output_is_utf8(with("LC_ALL", "C")));
        assert!(!output_is_utf8(with("LC_CTYPE", "de_DE.ISO-8859-1")));
        assert!(!output_is_utf8(with("LANG", "de_DE")));
    }
}
