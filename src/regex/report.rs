//! The results, as the original lays them out, and as JSON.
use super::debuggex::Links;
use super::notes::Limit;
use super::options::Options;
use super::printer::Printer;
use super::stats::{ExpressionStats, Kind, Stats};
use bantam_detect::{Filter, Time};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Prints everything.
pub fn print(stats: &Stats, filter: &Filter, options: &Options, links: Option<Links>, printer: &mut Printer) {
    let verbose = options.verbose != 0;
    for line in ["", "Results", "======="] {
        printer.line(line);
    }
    if !filter.prefregex().is_empty() {
        let mut rows = vec![filter.prefregex().to_owned()];
        let groups = stats.prefregex_groups.iter();
        rows.extend(groups.map(|groups| format!("    {groups}")));
        printer.line(&format!("\nPrefregex: {} total", stats.prefregex_hits));
        print_list(rows, None, printer);
    }
    print_expressions("Failregex", &stats.failregex, verbose, printer);
    print_expressions("Ignoreregex", &stats.ignoreregex, verbose, printer);
    if stats.has_dates {
        print_dates(filter, options, printer);
    }
    printer.line(&format!(
        "\nLines: {} lines, {} ignored, {} matched, {} missed",
        stats.tested, stats.ignored.count, stats.matched.count, stats.missed.count
    ));
    printer.line(&format!("[processed in {:.2} sec]", stats.seconds));
    printer.line("");
    for (shown, all, name, kind, expressions) in [
        (
            options.print_all_matched,
            true,
            "matched",
            &stats.matched,
            &stats.failregex,
        ),
        (
            !options.print_no_ignored,
            options.print_all_ignored,
            "ignored",
            &stats.ignored,
            &stats.ignoreregex,
        ),
        (
            !options.print_no_missed,
            options.print_all_missed,
            "missed",
            &stats.missed,
            &stats.failregex,
        ),
    ] {
        if !shown || kind.count == 0 {
            continue;
        }
        let title: String = name[..1].to_uppercase() + &name[1..];
        let header = format!("{title} line(s):");
        if kind.count < stats.limit || all {
            print_list(rows(kind, expressions, links), Some(&header), printer);
        } else {
            printer.line(&format!(
                "{header} too many to print.  Use --print-all-{name} to print all {} lines",
                kind.count
            ));
        }
    }
}

/// The lines of a kind; with links, each with each expression.
fn rows(kind: &Kind, expressions: &[ExpressionStats], links: Option<Links>) -> Vec<String> {
    let Some(links) = links else {
        return kind.lines.iter().map(|line| trim_end(line).to_owned()).collect();
    };
    let lines = kind.linked.iter();
    lines
        .flat_map(|line| expressions.iter().map(move |one| links.row(line, &one.text)))
        .collect()
}

fn print_expressions(title: &str, expressions: &[ExpressionStats], verbose: bool, printer: &mut Printer) {
    let mut rows = Vec::new();
    let mut total = 0;
    for (index, expression) in expressions.iter().enumerate() {
        total += expression.hits;
        if expression.hits > 0 || verbose {
            rows.push(format!("{:2}) [{}] {}", index + 1, expression.hits, expression.text));
        }
        for named in &expression.named {
            rows.push(format!(
                "    {}  {}{}",
                named.id,
                local_time(named.time),
                if named.again { " (multiple regex matched)" } else { "" }
            ));
        }
    }
    printer.line(&format!("\n{title}: {total} total"));
    print_list(rows, Some(" #) [# of hits] regular expression"), printer);
}

/// As `ctime` writes it; the present where there is none, as the original has it.
fn local_time(time: Option<Time>) -> String {
    let moment = time
        .and_then(|time| Timestamp::from_second(time.secs()).ok())
        .unwrap_or_else(Timestamp::now);
    moment
        .to_zoned(bantam_pattern::local_zone())
        .strftime("%a %b %d %H:%M:%S %Y")
        .to_string()
}

fn print_dates(filter: &Filter, options: &Options, printer: &mut Printer) {
    printer.line("\nDate template hits:");
    let mut rows = Vec::new();
    for template in filter.date_templates() {
        if options.verbose == 0 && template.hits == 0 {
            continue;
        }
        rows.push(format!("[{}] {}", template.hits, template.name));
        if options.verbose_date {
            rows.push(format!(
                "    # weight: {:.3} ({:.3}), pattern: {}",
                template.weight,
                template.base_weight,
                template.pattern.as_deref().unwrap_or_default()
            ));
            rows.push(format!("    # regex:   {}", template.expression));
        }
    }
    print_list(rows, Some("[# of hits] date format"), printer);
}

/// Without white space at its end, of which Python knows four kinds more.
fn trim_end(line: &str) -> &str {
    line.trim_end_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}

fn print_list(rows: Vec<String>, header: Option<&str>, printer: &mut Printer) {
    if rows.is_empty() {
        return;
    }
    if let Some(header) = header {
        printer.line(&format!("|- {header}"));
    }
    for row in rows {
        printer.line(&format!("|  {row}"));
    }
    printer.line("`-");
}

/// An expression that was given up.
pub fn json_limit(limit: &Limit) -> Value {
    json!({"option": limit.option, "index": limit.number, "regex": limit.regex})
}

/// The results as one JSON object; see docs/json.md.
pub fn json(stats: &Stats, filter: &Filter, options: &Options) -> Value {
    let expressions = |all: &[ExpressionStats]| -> Value {
        let shown = |one: &ExpressionStats| json!({"regex": one.text, "hits": one.hits});
        all.iter().map(shown).collect()
    };
    let prefregex = match filter.prefregex() {
        "" => Value::Null,
        regex => json!({"regex": regex, "hits": stats.prefregex_hits}),
    };
    let dates: Vec<Value> = filter
        .date_templates()
        .into_iter()
        .filter(|template| template.hits > 0 || options.verbose != 0)
        .map(|template| json!({"name": template.name, "hits": template.hits}))
        .collect();
    let mut result = json!({
        "lines": {
            "tested": stats.tested,
            "ignored": stats.ignored.count,
            "matched": stats.matched.count,
            "missed": stats.missed.count,
        },
        "prefregex": prefregex,
        "failregex": expressions(&stats.failregex),
        "ignoreregex": expressions(&stats.ignoreregex),
        "date_templates": dates,
        "seconds": stats.seconds,
    });
    for (wanted, name, kind) in [
        (options.print_all_matched, "matched", &stats.matched),
        (options.print_all_ignored, "ignored", &stats.ignored),
        (options.print_all_missed, "missed", &stats.missed),
    ] {
        if wanted {
            result[name] = json!(kind.lines);
        }
    }
    result
}
