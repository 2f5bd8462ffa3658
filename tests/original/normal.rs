//! One form for what two runs never have in common: times, process ids, how long it took.

/// One form for what is known to differ.
pub fn normal(zone: &str, text: &str) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(zone).unwrap());
    let today = now.strftime("  %a %b %d ").to_string();
    let mut normal = String::new();
    for line in text.lines() {
        if line.starts_with("[processed in ") {
            normal += "[processed]";
        } else if let Some((before, _)) = line.split_once(&today) {
            // Without any date the present is shown, which goes on between two runs.
            normal += before;
            normal += "  now";
        } else {
            normal += &without_now(&without_origin(line), now.timestamp().as_second() as f64);
        }
        normal.push('\n');
    }
    normal
}

/// Without how the filter was come by: the name of a jail means the jail since 1.1, and the filter before.
pub fn without_source(text: &str) -> String {
    let of_source =
        |line: &&str| line.starts_with("Use") && (line.contains("      jail : ") || line.contains("filter file : "));
    let shown = text.lines().filter(|line| !of_source(line)).map(|line| {
        // The backend is an argument of a jail's filter.
        line.replace("Use jail/flt options", "Use   filter options")
            .replace(", 'backend': 'auto'}", "}")
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn without_now(line: &str, now: f64) -> String {
    let is_now = |word: &&str| (word.parse::<f64>().unwrap_or_default() - now).abs() < 600.0;
    match line
        .split([' ', '\t'])
        .map(|word| word.trim_end_matches(','))
        .find(is_now)
    {
        Some(word) => line.replace(word, "now"),
        None => line.to_owned(),
    }
}

/// A line without what no two runs of Python's logging have in common: time, process, thread.
fn without_origin(line: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let dated = |text: &str| text.starts_with("20") && text.get(10..11) == Some(" ") && text.get(19..20) == Some(",");
    if dated(line)
        && let Some((head, rest)) = line.get(24..).and_then(|line| line.split_once(']'))
        && let Some((name, process)) = head.split_once('[')
        && is_number(process)
    {
        return format!("now {name}[process]{rest}");
    }
    if let Some(inner) = line.strip_prefix(' ')
        && dated(inner)
        && let Some((thread, rest)) = inner.get(24..).and_then(|line| line.split_once(' '))
        && is_number(thread)
    {
        return format!(" now thread {rest}");
    }
    let mut words = line.trim_start().splitn(2, [' ']);
    if line.starts_with(" +")
        && let (Some(_), Some(rest)) = (words.next(), words.next())
        && let Some((thread, rest)) = rest
            .trim_start()
            .split_once(' ')
            .map(|(first, rest)| match is_number(first) {
                true if first.len() <= 8 && rest.split(' ').next().is_some_and(is_number) => {
                    rest.split_once(' ').unwrap_or((first, rest))
                }
                _ => (first, rest),
            })
        && is_number(thread)
    {
        return format!(" +now thread {rest}");
    }
    line.to_owned()
}
