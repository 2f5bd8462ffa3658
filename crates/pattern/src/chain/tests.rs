//! What the chain says is what the engine says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::{Options, Regex};
use proptest::prelude::*;

fn chain(source: &str) -> Option<Chain> {
    Chain::of(&crate::syntax::parse(source, Options::default()).unwrap()).ok()
}

/// The plan's answer, which must be the engine's unless it is none.
fn agreed(source: &str, text: &str) -> Verdict {
    let plan = chain(source).unwrap();
    let engine = Regex::part(crate::syntax::parse(source, Options::default()).unwrap()).unwrap();
    let mut spans = Spans::new();
    let verdict = plan.find(text, Some(&mut spans));
    let expected = engine.captures(text).unwrap();
    match verdict {
        Verdict::Match => assert_eq!(Some(spans), expected.map(|found| found.spans), "{source} on {text:?}"),
        Verdict::NoMatch => assert_eq!(expected, None, "{source} on {text:?}"),
        Verdict::Unknown => {}
    }
    verdict
}

const HOST: &str = r#"^{"h":"(?:(?P<ip>(?:\d{1,3}\.){3}\d{1,3})|(?P<dns>[\w\-.]*\w))","s":(404|40|401),"p":"(.*)",.*"m":"(.*)",("u":"(.*)",){0,1}?"t":(.*)}$"#;

#[test]
fn a_line_of_json_is_taken_apart_as_by_the_engine() {
    for (text, verdict) in [
        (
            r#"{"h":"1.2.3.4","s":404,"p":"/","x":1,"m":"","u":"a","t":1}"#,
            Verdict::Match,
        ),
        (r#"{"h":"a-b.c","s":40,"p":"/","x":1,"m":"","t":1}"#, Verdict::Match),
        (
            r#"{"h":"a","s":401,"p":"/é","s":404,"p":"x","x":1,"m":"\"m\":\"","u":"","u":"","t":1,"t":2}"#,
            Verdict::Unknown,
        ),
        (r#"{"h":"a","s":401,"p":"/","m":"x","t":1}"#, Verdict::Match),
        (r#"{"h":"a","s":401,"p":"/","m":"x","u":"y"}"#, Verdict::NoMatch),
        (r#"{"h":"a b","s":401,"p":"/","m":"x","t":1}"#, Verdict::Unknown),
    ] {
        assert_eq!(agreed(HOST, text), verdict, "{text}");
        assert_eq!(agreed(HOST, &format!("{text}\n")), verdict, "{text}");
    }
}

#[test]
fn the_address_of_a_host_tag_is_told_without_the_engine() {
    let source = crate::tags::expand(r#"^"h":"<HOST>","p":"(.*)"$"#, Default::default(), false).unwrap();
    let chain = chain(&source).unwrap();
    let Between::Part(part) = &chain.links[0].between else {
        panic!("{chain:?}");
    };
    for (host, quickly) in [
        ("192.0.2.1", Fit::Yes),
        ("999.999.999.999", Fit::Yes),
        ("::ffff:192.0.2.1", Fit::Unknown),
        ("[192.0.2.1]", Fit::Unknown),
        ("192.0.2", Fit::Unknown),
        ("192.0.2.1.", Fit::Unknown),
        ("1920.0.2.1", Fit::Unknown),
        ("192.0.2.1.example.org", Fit::Unknown),
        ("2001:db8::1", Fit::Unknown),
    ] {
        assert_eq!(part.fits_quickly(host.as_bytes()), quickly, "{host}");
        agreed(&source, &format!(r#""h":"{host}","p":"/""#));
    }
}

#[test]
fn newlines_inside_are_left_to_the_engine() {
    assert_eq!(agreed("^a.*b$", "a\nb"), Verdict::Unknown);
    assert_eq!(agreed("^a.*b$", "ab\n"), Verdict::Match);
    assert_eq!(agreed("^a.*b$", "ab\n\n"), Verdict::Unknown);
}

#[test]
fn what_is_no_chain_has_no_such_plan() {
    for source in [
        r"\Sa.*b",
        r"^a.*b\S*",
        "^abc$",
        "abc",
        "<b*>",
        "^a.*b|c",
        "^a.*?b$",
        "^a.*(b|c)d$",
        "^a(x|,), .*b$",
        "^a(?=b)[^c], .*b$",
        r"^a(x)(\1), .*b$",
        r"^a(\W), .*b$",
        "^a(?:x(?=,)), .*b$",
        "^a.*b(?:c.*)??d$",
        "^ab(?:c.*b)??d.*e$",
        "^a.*b(?:c.*e)??d$",
        "^a(.*(x|,)), .*b$",
        "^a(.*(x|y/)(/)*?), .*b$",
        "^a(.*(x|)), .*b$",
        "^a(.*(x)(,)*?), .*b$",
        "^a(.*(x)/*+), .*b$",
        "^a(.*(?i:x)), .*b$",
        r"(?i)^a.*b$",
        r"(?m)^a.*b$",
        r"(?s)^a.*b$",
    ] {
        assert!(chain(source).is_none(), "{source}");
    }
}

#[test]
fn lines_are_taken_apart_wherever_the_expression_stands_in_them() {
    let host = r"(?P<ip>(?:\d{1,3}\.){3}\d{1,3})";
    let line = r#"{"a":"x","h":"1.2.3.4","s":404,"m":"GET","p":"/env?x","u":"-"}"#;
    for (source, verdict) in [
        (format!(r#""h":"{host}".*"s":404\D.*"p":"/env\?[^"]*""#), Verdict::Match),
        (
            format!(r#"^{{"a":".*","h":"{host}",.*"s":40[134],.*"p":"/env"#),
            Verdict::Match,
        ),
        (format!(r#"^.*"h":"{host}",.*"s":(404|401).*$"#), Verdict::Match),
        (
            format!(r#""h":"{host}".*"s":(40\d).*"m":"(GET|PUT)".*}}$"#),
            Verdict::Match,
        ),
        (format!(r#""h":"{host}".*"s":5\d{{2}}.*"p":"#), Verdict::NoMatch),
        (format!(r#""h":"{host}".*"s":40[13].*"p":"#), Verdict::NoMatch),
        (format!(r#""h":"{host}".*"m":"(PUT|TOP)""#), Verdict::NoMatch),
        (format!(r#"^"h":"{host}".*"m":"GET""#), Verdict::NoMatch),
    ] {
        assert_eq!(agreed(&source, line), verdict, "{source}");
        assert_eq!(agreed(&source, &format!("{line}\n")), verdict, "{source}");
        agreed(&source, &format!("{line}, {line}"));
        agreed(
            &source,
            &format!(r#"{{"h":"x","h":"1.2.3","s":404, {line}, {{"h":"1.2.3.4","s":404"#),
        );
    }
}

#[test]
fn what_may_take_the_newline_of_the_text_is_left_to_the_engine() {
    for source in [r"^a.*b\D", r"^a.*b\D$", r"^a.*b[^x].*", r"^a.*b(?:\n|x)"] {
        assert_eq!(agreed(source, "ab\n"), Verdict::Unknown, "{source}");
    }
    assert_eq!(agreed(r"^a.*b\D.*c", "ab\n"), Verdict::NoMatch);
    assert_eq!(agreed(r"^a.*b\d", "ab\n"), Verdict::NoMatch);
    assert_eq!(agreed(r"^a.*b\D", "ab-"), Verdict::Match);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn what_the_chain_says_the_engine_says(
        links in prop::collection::vec(
            (
                prop::sample::select(vec![
                    ".*", "(.*)", "(?P<n>.*)", "(.*(1|ab|a))", "(.*(?:b|é1))", "((.*)(a|1a|bb)(1)*?)", "(.*(a|ba|é)(?:1)*)", "(a|b|ab)", r"(?:(\d+)|(\w*))", "([ab]*)(a?)", r"((?:a|(?<=a)b)+)", "(?:a|(b))*?",
                    r"([^,:]*)", r"\S+", r"\d{1,2}",
                ]),
                prop::sample::select(vec![
                    ",", ":", ",a", "b", "ab", ":b:", "é", ", :b", r",\d", ":[ab1]", r"b(\w)", "(?:ab|1:)", ",(a|b)", r"b[^:]\D",
                ]),
            ),
            0..5,
        ),
        begin in prop::sample::select(vec!["^a", "^a", "a", "ab", "^", "", r"a\d", "^a[^,]"]),
        close in prop::sample::select(vec!["$", "$", "", ".*", ".*$", "(.*)$"]),
        option in prop::sample::select(vec!["", "(,b.*,)??", "(?:a(.*)b:){0,1}?", "(,(.*)a,){0,1}?"]),
        fillings in prop::collection::vec(prop::collection::vec("[ab,:1é]{0,5}", 5), 12),
        end in "\n{0,2}",
    ) {
        let mut source = begin.to_owned();
        for (index, (between, literal)) in links.iter().enumerate() {
            source += &between.replace("<n>", &format!("<n{index}>"));
            source += literal;
            if index + 2 == links.len() && !option.is_empty() {
                source += option;
                source += ",";
            }
        }
        source += close;
        if chain(&source).is_some() {
            for filling in &fillings {
                // Literals in their order with something between: much of it matches, in more than one way.
                let plain = |literal: &str| match literal {
                    r",\d" => ",1".to_owned(),
                    ":[ab1]" => ":a".to_owned(),
                    r"b(\w)" => "bé".to_owned(),
                    "(?:ab|1:)" => "1:".to_owned(),
                    ",(a|b)" => ",b".to_owned(),
                    r"b[^:]\D" => "b1a".to_owned(),
                    literal => literal.to_owned(),
                };
                let pieces = links.iter().zip(filling);
                let pieces = pieces.map(|((_, literal), filling)| format!("{filling}{}", plain(literal)));
                let text = format!("a{}{end}", pieces.collect::<String>());
                agreed(&source, &text);
                agreed(&source, &text.replacen("b", "b,", 1));
                agreed(&source, &text.replacen(',', "", 1));
                agreed(&source, &format!("{}{text}", &filling[0]));
                agreed(&source, &format!("{text}{}", &filling[4]));
            }
        }
    }
}
