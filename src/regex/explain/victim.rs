//! Whether the text of a log line can name somebody else than who sent it.
//!
//! Not guessed but tried: in a line that the filter matches, a field that a client may choose is given a copy of what
//! the expression looks for, with another address in it. If that address comes out, the line is shown.
use super::Section;
use super::costs::{Nobody, context};
use super::dates::Line;
use super::remark::{Level, Remark};
use super::subject::Subject;
use crate::regex::run::Trial;
use bantam_pattern::advice::{self, Gap, Host, Sampler};
use bantam_pattern::{Options, Regex};
use std::ops::Range;

/// Who is named in forged lines; of the range for documentation.
const VICTIM: &str = "203.0.113.66";
/// Who sends them, where there is no line of the log.
const SENDER: &str = "192.0.2.1";
/// Lines that are tried, and fields of each.
const LINES: usize = 3;
const FIELDS: usize = 16;
/// Longer lines are not tried.
const LONGEST: usize = 8000;
/// Words before a field that clients choose, and parts of the names of such groups.
const CHOSEN: [&str; 17] = [
    "user",
    "username",
    "login",
    "agent",
    "path",
    "uri",
    "url",
    "request",
    "referer",
    "referrer",
    "helo",
    "account",
    "acct",
    "query",
    "container",
    "script",
    "useragent",
];

/// A line with what stands where.
struct Scene<'a> {
    raw: &'a str,
    text: &'a str,
    /// Where a place of the text stands in the raw line.
    place: &'a dyn Fn(usize) -> usize,
    is_built: bool,
}

/// A part of a line that somebody may have chosen.
struct Field {
    span: Range<usize>,
    /// Whether it is quite sure that clients choose it.
    is_chosen: bool,
    /// The place of the expression that takes it.
    taken_by: Option<Range<usize>>,
    quote: Option<char>,
}

/// Says whether it can be done.
pub fn remark(
    trial: &mut Trial<'_>,
    section: &Section,
    prefregex: Option<&Subject>,
    matched: &[usize],
    lines: &[Line],
    remarks: &mut Vec<Remark>,
) {
    let subject = &section.subject;
    let Some(host) = advice::host(subject.regex.ast()) else {
        return;
    };
    if trial.filter.max_lines() > 1 || remarks.iter().any(|remark| remark.kind == "impossible") {
        return;
    }
    let gaps = advice::gaps(subject.regex.ast());
    let named = advice::with_named_gaps(&subject.regex, &gaps);
    let named = named.and_then(|source| Regex::new(&source, Options::default()).ok());
    let search = named.as_ref().unwrap_or(&subject.regex);
    let mut found = None;
    let step = (matched.len() / LINES).max(1);
    for line in matched
        .iter()
        .step_by(step)
        .take(LINES)
        .filter_map(|index| lines.get(*index))
    {
        let offset = line.content.as_ref().map_or(0, |(_, offset)| *offset);
        let scene = Scene {
            raw: &line.raw,
            text: line.text(true),
            place: &|at| line.raw_place(offset + at),
            is_built: false,
        };
        found = found.or(try_scene(trial, &scene, search, &gaps, &host));
    }
    if matched.is_empty()
        && let Some((line, text, offset)) = built(subject, prefregex)
    {
        let scene = Scene {
            raw: line.trim_end_matches('\n'),
            text: &text,
            place: &|at| offset + at,
            is_built: true,
        };
        found = found.or(try_scene(trial, &scene, search, &gaps, &host));
    }
    match found {
        Some(found) => remarks.push(found),
        None if !host.is_anchored && prefregex.is_none() => remarks.push(
            Remark::new(
                Level::Note,
                "victim",
                "this is looked for anywhere in a line: whoever can have text written into such a log, for instance as \
                 a user name or a path, can have this text written with any address",
            )
            .at(host.span)
            .help("begin with ^ and write out what stands before"),
        ),
        None => {}
    }
}

/// A line made of the expression alone: the whole, what the expression sees, and where that begins.
fn built(subject: &Subject, prefregex: Option<&Subject>) -> Option<(String, String, usize)> {
    let own = |regex: &Regex| regex.group_index("ip4");
    let group = own(&subject.regex)?;
    let mut text = String::new();
    let mut sampler = Sampler::default();
    sampler.groups.push((group, SENDER));
    sampler.write(&subject.regex.ast().root, &mut text);
    let Some(prefregex) = prefregex else {
        return Some((text.clone(), format!("{text}\n"), 0));
    };
    let content = prefregex.regex.group_index("content")?;
    let mut whole = String::new();
    let mut sampler = Sampler::default();
    sampler.groups.push((content, &text));
    sampler.write(&prefregex.regex.ast().root, &mut whole);
    let offset = whole.find(&text)?;
    Some((whole, format!("{text}\n"), offset))
}

fn try_scene(trial: &mut Trial<'_>, scene: &Scene<'_>, search: &Regex, gaps: &[Gap], host: &Host) -> Option<Remark> {
    if scene.raw.len() > LONGEST {
        return None;
    }
    let sender = named(trial, scene.raw)?;
    let found = search.captures(scene.text).ok().flatten()?;
    let span = |group: Option<usize>| {
        let (from, to) = found.spans.get(group?).copied().flatten()?;
        Some(from..to)
    };
    let mut hosts = ["ip4", "ip6", "dns", "fid"]
        .iter()
        .filter_map(|name| span(search.group_index(name)));
    let at = hosts.next()?;
    let whole = span(Some(0))?;
    let mut fields = Vec::new();
    for (index, gap) in gaps.iter().enumerate() {
        if let Some(taken) = span(search.group_index(&format!("gap{index}"))) {
            fields.push(field(scene.text, taken, Some(gap)));
        }
    }
    fields.extend(quoted(scene.text).map(|span| field(scene.text, span, None)));
    fields.retain(|field| may_be_chosen(scene, field, &at));
    fields.sort_by_key(|field| !field.is_chosen);
    for field in fields.iter().take(FIELDS) {
        for forged in forgeries(scene.text, field, &at, &whole) {
            if let Some(remark) = try_line(trial, scene, field, &forged, &sender, host, gaps) {
                return Some(remark);
            }
        }
    }
    None
}

fn try_line(
    trial: &mut Trial<'_>,
    scene: &Scene<'_>,
    field: &Field,
    forged: &str,
    sender: &str,
    host: &Host,
    gaps: &[Gap],
) -> Option<Remark> {
    let (from, to) = ((scene.place)(field.span.start), (scene.place)(field.span.end));
    let line = format!("{}{forged}{}", scene.raw.get(..from)?, scene.raw.get(to..)?);
    if named(trial, &line)? != VICTIM {
        return None;
    }
    let mark = from..from + forged.len();
    let level = match field.is_chosen && !scene.is_built {
        true => Level::Warning,
        false => Level::Note,
    };
    let message = match (level, scene.is_built) {
        (Level::Warning, _) => format!(
            "log content can name a victim: with the marked text in this field, {VICTIM} is banned and not {sender}, \
             who sent it"
        ),
        (_, false) => format!(
            "if a client can choose what stands at the mark, it can name whom to ban: here {VICTIM}, and not {sender}"
        ),
        (_, true) => format!(
            "if a client can choose what stands at the mark, it can name whom to ban: here {VICTIM}, and not {sender} \
             (the line is made of the expression)"
        ),
    };
    let help = if !host.is_anchored {
        "begin with ^ and write out what stands before, up to the address"
    } else if gaps.iter().any(|gap| gap.before_host && gap.lazy) || host.is_ended {
        "let each gap before the address end where its field ends: for .* in quotes write [^\"]*, between blanks \\S+"
    } else {
        "write out what stands behind the address, up to $; or let each gap before it end where its field ends (for .* \
         in quotes write [^\"]*)"
    };
    let span = field.taken_by.clone().unwrap_or_else(|| host.span.clone());
    Some(
        Remark::new(level, "victim", message)
            .at(span)
            .help(help)
            .line(line, Some(mark)),
    )
}

/// Whom the filter names on a line.
fn named(trial: &mut Trial<'_>, line: &str) -> Option<String> {
    let mut resolver = Nobody;
    let mut notes = Vec::new();
    let report = trial
        .filter
        .judge(line.as_bytes(), &mut context(&mut resolver), &mut notes);
    let hit = report.hits.iter().find(|hit| !hit.nofail)?;
    Some(hit.id.as_ref()?.to_string())
}

fn field(text: &str, span: Range<usize>, gap: Option<&Gap>) -> Field {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).and_then(|rest| rest.chars().next());
    let tight = before
        .chars()
        .next_back()
        .filter(|c| matches!(c, '"' | '\'') && after == Some(*c));
    let within = quoted(text).find(|string| string.start <= span.start && span.end <= string.end);
    let quote = tight.or(within.as_ref().map(|_| '"'));
    let start = within.map_or(span.start, |string| string.start);
    // `user "`, `RequestPath":"`, `helo=<`; of an access log, strings without a word before them.
    let lead = text.get(..start).unwrap_or_default();
    let lead = lead.trim_end_matches(['"', '\'', '<', '[', '(', '=', ':', ' ']);
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let label = lead.rsplit(|c| !word(c)).next().unwrap_or_default().to_lowercase();
    let label = label.trim_start_matches("request_").replace(['-', '_'], "");
    let chosen_label = match label.strip_prefix("request") {
        Some(rest) if !rest.is_empty() => CHOSEN.contains(&rest),
        _ => CHOSEN.contains(&label.as_str()) || label == "clientusername",
    };
    let is_bare_string = tight == Some('"') && !label.chars().any(char::is_alphabetic);
    let name = gap.and_then(|gap| gap.name.as_deref()).unwrap_or_default();
    Field {
        is_chosen: is_bare_string || chosen_label || CHOSEN.iter().any(|part| name.contains(part)),
        taken_by: gap.map(|gap| gap.span.clone()),
        span,
        quote,
    }
}

/// Strings in double quotes, those within escaped.
fn quoted(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut open = None;
    let mut escaped = false;
    text.char_indices().filter_map(move |(at, c)| {
        let was_escaped = escaped;
        escaped = c == '\\' && !was_escaped;
        if c != '"' || was_escaped {
            return None;
        }
        match open.take() {
            Some(from) => Some(from..at),
            None => {
                open = Some(at + 1);
                None
            }
        }
    })
}

/// Numbers and addresses are written by programs; the address itself is no field, nor is a gap around it.
fn may_be_chosen(scene: &Scene<'_>, field: &Field, host: &Range<usize>) -> bool {
    let text = scene.text.get(field.span.clone()).unwrap_or_default();
    let apart = field.span.end <= host.start || host.end <= field.span.start;
    let is_json = scene.text.trim_start().starts_with('{');
    let value = text.chars().any(char::is_alphabetic) && !text.contains('\n');
    let is_key = field.quote.is_some()
        && scene
            .text
            .get(field.span.end..)
            .is_some_and(|rest| rest.starts_with("\":"));
    apart && value && !is_key && (!is_json || field.quote.is_some())
}

/// What the field could hold instead.
fn forgeries(text: &str, field: &Field, host: &Range<usize>, whole: &Range<usize>) -> Vec<String> {
    let own = text.get(field.span.clone()).unwrap_or_default();
    let text = text.trim_end_matches('\n');
    let get = |from: usize, to: usize| text.get(from.min(text.len())..to.min(text.len())).unwrap_or_default();
    let behind = get(host.end, text.len());
    let word = behind.split_inclusive(char::is_whitespace).next().unwrap_or_default();
    let mut all = Vec::new();
    if field.span.end <= host.start {
        let lead = get(field.span.end, host.start);
        for tail in ["", word, behind] {
            all.push(format!("{own}{lead}{VICTIM}{tail}"));
        }
    } else {
        let before = get(whole.start, host.start);
        let last = before
            .trim_end()
            .rfind(char::is_whitespace)
            .map_or("", |at| before.get(at..).unwrap_or_default());
        for lead in [before, last] {
            for tail in [get(host.end, field.span.start), word, ""] {
                all.push(format!("{own} {lead}{VICTIM}{tail}"));
                all.push(format!("{own} {lead}{VICTIM}{tail}{own}"));
            }
        }
    }
    // What a program writes as one word does not become several.
    let is_word = !own.contains(char::is_whitespace);
    all.retain(|forged| field.is_chosen || !is_word || !forged.contains(char::is_whitespace));
    if let Some(quote) = field.quote {
        let escaped = format!("\\{quote}");
        all.iter_mut()
            .for_each(|forged| *forged = forged.replace(quote, &escaped));
    }
    all.sort_by_key(String::len);
    all.dedup();
    all
}
