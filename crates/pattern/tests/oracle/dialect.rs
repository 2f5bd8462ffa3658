//! The corners of Python's dialect, by hand.
use super::{Case, assert_agreement, differences};
use bantam_pattern::Options;

const TEXTS: &[&str] = &[
    "",
    "\n",
    "a",
    "aa",
    "ab\n",
    "aab",
    "abab ab-c\n",
    "a1_ b2\x1cc\x1f\x0b\x0c\r\n",
    "x{2}{,3}{foo} [^]-\\ <a> . $ ^ |()?*+\n",
    "line one\nline two\n\nline four",
    "FoO BaR\n",
    "ÀÉ é ß ẞ ſ K ı İ i\n",
    "\u{a0}\u{2003}\u{85}\u{3000}\u{200b} ٣ ² Ⅷ 一 e\u{301}\n",
    "::1 [2001:db8::1] 10.0.0.1 host.example\n",
    "\u{1f600}\u{0}\x7f\t\n",
];

fn check(expressions: &[&str]) {
    let cases: Vec<Case> = expressions
        .iter()
        .map(|expression| Case::new(expression, TEXTS))
        .collect();
    assert_agreement(&cases);
}

#[test]
fn ends_of_text_and_line() {
    check(&[
        "$",
        r"\Z",
        "^",
        r"\A",
        "b$",
        r"b\Z",
        r"b\n\Z",
        "^$",
        "(?m)^",
        "(?m)$",
        "(?m)^.*$",
        "(?m:^)line",
        "e$",
        "(?m:e$)",
        r"\n^",
        r"(?m)\n^",
        r"(?m)^\Z",
        r"$\n",
        r"(?m)$\n",
    ]);
}

#[test]
fn kinds_of_characters() {
    check(&[
        r"\s+",
        r"\S+",
        r"\w+",
        r"\W+",
        r"\d+",
        r"\D+",
        r"[\s]+",
        r"[^\s]+",
        r"[\w.]+",
        r"[^\w]+",
        r"[^\W]+",
        r"[\W]+",
        r"[^\W\d]+",
        r"[\W\d]+",
        r"[\W_]+",
        r"[\Wa]{2}",
        r"[^\Wa]{2}",
        r"[^\d\s]+",
        r"[\D]+",
        r"[\S\n]+",
        r"\b\w",
        r"\w\b",
        r"\B",
        r"\Bb",
        r"b\B",
        r"\bé\b",
        r"e\b",
        r"(?a)\w+",
        r"(?a)\W+",
        r"(?a)\s+",
        r"(?a)[\s\x1c]+",
        r"(?a)\d+",
        r"(?a)\b.\b",
        r"(?a)[^\W]+",
        r"(?u)\w+",
        r"(?a:\w)\w+",
        r"(?u:\w)+",
        r"\d{1,3}(?:\.\d{1,3}){3}",
        r".",
        r"(?s).+",
        r".+",
        r"[^a]+",
        r"[\d\D]+",
        r"[^\d\D]",
    ]);
}

#[test]
fn escapes() {
    check(&[
        r"\x41",
        r"\x61",
        r"\u00e9",
        r"\U0001f600",
        r"\0",
        r"\x00",
        r"\07",
        r"\141",
        r"[\141]",
        r"\t\n",
        r"\a|\f|\v",
        r"[\b]",
        r"\<",
        r"\>",
        r"\-",
        r"\ ",
        r"\é",
        r"\/",
        r"\_",
        r"\'",
        r"\1",
        r"(a)\1",
        r"(a)\2",
        r"(a)(b)?\2",
        r"\8",
        r"(a)\18",
        r"\400",
        r"[\8]",
        r"[\400]",
        r"\x4",
        r"\u12",
        r"\U00110000",
        r"\q",
        r"\E",
        r"\Q",
        r"\h",
        r"\R",
        r"\G",
        r"\K",
        r"[\A]",
        r"\",
        r"[\",
        r"\ud800",
        r"[\ud800-\udfff]",
        r"[^\ud800]",
        r"[a-\ud900]",
        r"\c",
        r"\e",
        r"\p{L}",
        r"\08",
        r"\18",
    ]);
}

#[test]
fn sets() {
    check(&[
        "[]a]+",
        "[^]a]+",
        "[^[]+",
        "[[]",
        "[a-]+",
        "[-a]+",
        "[a-c-e]+",
        "[^^]",
        "[a^]+",
        "[a-b",
        "[",
        "[]",
        "[^]",
        "[z-a]",
        r"[\d-z]",
        r"[a-\d]",
        "[[:alpha:]]",
        "[[:alpha:]",
        "[a-z&&b]",
        "[a||b]",
        "[a~~b]",
        "[a--b]",
        "[+--]",
        "[.]",
        "[$]",
        "[{}]+",
        "[|]",
        r"[\]]",
        r"[\-\\]",
        "[é-ü]",
        "[^é]+",
        "[^\\x00-\\x7f]+",
        "[\\x00-\\x7f]+",
        "[\\x80-\\uffff]",
        "[ſ]",
        "[\\n]",
        "[A-z]+",
        "[@-`]",
        "[ -~]+",
        "[a-c[]+",
        "[(?i)]+",
        "[#]",
    ]);
}

#[test]
fn counts() {
    check(&[
        "a{2}",
        "a{,2}",
        "a{1,}",
        "a{,}",
        "a{1,2}b",
        "a{2,1}",
        "a{",
        "a{}",
        "x{2}",
        "x\\{2}",
        "{2}",
        "a{foo}",
        "a{1",
        "a{1,",
        "a{1,b}",
        "a{ 1}",
        "}",
        "a}",
        "a{1}{2}",
        "a**",
        "a*?",
        "a*+b",
        "a?+a",
        "a{1,2}+b",
        "a++b",
        "a+?b",
        "a??b",
        "a*??",
        "a+*",
        "*a",
        "+",
        "?",
        "|*",
        "(*)",
        "(?:)*",
        "()*",
        "(|a)*b",
        "^*",
        "$*",
        r"\b*",
        "(?:^)*a",
        "(?=a)*b",
        "(?!a)+b",
        "(a|ab)*+c",
        "(?>a|ab)b",
        "(?>a*)b",
        "a{0}b",
        "(a){0}b",
        "a{0,0}",
        "(a*)*",
        "(a*)+",
        "(a*?)*?b",
        "(a|b)*?c",
        "((a)|b)*",
        "(?:(a)|(b))*",
        "(a?)*b",
        "(a??)*b",
        "a{99999999999}",
        "(?:a{,2}){,2}",
        "(a(b)?)+",
        "(?:(a)|b)*",
        "a{4294967295}",
        "x{,3}",
    ]);
}

#[test]
fn groups() {
    check(&[
        "(a)",
        "(?P<n>a)(?P=n)",
        "(?P<n>a)(?P<n>b)",
        "(?P<é>a)",
        "(?P<1>a)",
        "(?P<>a)",
        "(?P<n a>a)",
        "(?P=n)",
        "(?P=)",
        "(?P<n>",
        "(?P<n",
        "(?P",
        "(?P>",
        "(?",
        "(",
        ")",
        "a)",
        "(a",
        "(?<n>a)",
        "(?'n'a)",
        "(?|a)",
        "(?&n)",
        "(?R)",
        "(?1)",
        "(*UTF)a",
        "(?#c)a",
        "a(?#c)*",
        "(?#c",
        "(?:a|b|)",
        "(|)",
        "|",
        "a|",
        "(?z)",
        "(?P<averyveryverylongnameforagroupthatgoesonandon_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_x>a)",
        r"(\1)",
        r"(?P<n>(?P=n))",
        r"(?:(a)|b)\1",
        "((a)(b))",
        "(?:(?P<x>a)|(?P<y>b))+",
        r"(a)|b\1",
        "(?)",
        "(?i",
        "(?-",
        "(?i-",
        "(?i-:a)",
        "(?-i)",
        "(?i-i:a)",
        "(?L)a",
        "(?au)a",
        "(?a-u:a)",
        "(?iz)",
        "(?i-z:a)",
        "(?i",
    ]);
}

#[test]
fn looking_around() {
    check(&[
        "(?=a)",
        "(?!a)",
        "a(?=b)",
        "a(?!b)",
        "(?<=a)b",
        "(?<!a)b",
        "(?<=^)a",
        "(?<=a|b)b",
        "(?<=ab|a)b",
        "(?<=a*)b",
        "(?<=a{2})b",
        "(?<=(a))b",
        r"(a)(?<=\1)",
        r"(?<=(a)\1)b",
        "(?<=(?=a))a",
        "(?<=a(?!c))b",
        r"(?<=\n)line",
        "(?<!\\S)a",
        r"(?<=\b)a",
        "(?<=)a",
        "(?<!)a",
        "(?=(a))a",
        "(?=(a)|b).",
        "(?<=é)",
        "(?<=[^a])b",
        "(?<=(?:a|b)b)a",
        "(?<=(?P<n>a)(?P=n))b",
        "(?<",
        "(?<=a",
        "(?<x",
        "(?<=(?i:A))b",
        "(?<=.)b",
        "(?<=(?(1)a|b))",
        "(a)?(?<=(?(1)a|b))",
        "(a)?(?<=(?(1)ab|b))",
    ]);
}

#[test]
fn conditions() {
    check(&[
        "(a)?(?(1)b|c)",
        "(a)?(?(1)b)",
        "(?P<n>a)?(?(n)b|c)",
        "(?(1)a|b)(c)",
        "(?(2)a)",
        "(?(0)a)",
        "(?(n)a)",
        "(?(1)a|b|c)(d)",
        "(a)(?(1)b",
        "(?(",
        "(?()a)",
        "(?(1",
        "(?(1)",
        "(a)?(?(1)|b)",
        "(?:(a)|b)*(?(1)b|c)",
        "((a)?(?(2)b|c))+",
        "(?(n b)a)",
        "(a)?(?(1)b|c)*",
        "(?(99)a)",
        "(?(-1)a)",
        "(\")?a(?(1)\")",
        "(?(1)(?:b|c)|d)(a)?",
    ]);
}

#[test]
fn flags() {
    check(&[
        "(?i)foo bar",
        "(?i:F)oo",
        "(?-i:f)oo",
        "(?i)f(?-i:o)o",
        "(?i)[a-z]+",
        "(?i)[^a-z]+",
        "(?i)é",
        "(?i)ß",
        "(?i)s",
        "(?i)ſ",
        "(?i)k",
        "(?i)\\u212a",
        "(?i)i",
        "(?i)İ",
        "(?i)ı",
        "(?i)[i]",
        "(?i)[h-j]+",
        "(?i)[^i]+",
        "(?i)[\\u0130]",
        "(?ai)s",
        "(?ai)[a-z]+",
        "(?ai)é",
        "(?ia)K",
        "(?ai)[^k]+",
        "(?i)(a)\\1",
        "(?s)a.b",
        "(?s:.)+",
        "(?s).(?-s:.)+",
        "(?x) a b # c\n",
        "(?x)[ a]+",
        "(?x)a\\ b",
        "(?x: a ) b",
        "(?x)a (?-x: b)",
        "(?x)a + b",
        "(?ms)^.*$",
        "(?i)(?m)^A",
        "(?t)a",
        "(?u)(?i)É",
        "(?i)[é-ü]+",
        "(?i:a|B)c",
        "(?:(?i:a)|B)+",
        "(?x)a#b",
        "(?x)(?#c) a",
        "(?i)[a]b",
        "(?s)(?i)A.",
    ]);
}

#[test]
fn options_are_flags_of_the_whole_expression() {
    let mut cases = Vec::new();
    for expression in [
        "^line.*$",
        "FOO",
        "^$",
        "(?-i:FOO)",
        "[A-Z]+$",
        "(?-m:^line)",
        "(?-m:four$)",
    ] {
        for (multi_line, ignore_case) in [(true, false), (false, true), (true, true)] {
            let mut case = Case::new(expression, TEXTS);
            case.options = Options {
                multi_line,
                ignore_case,
            };
            cases.push(case);
        }
    }
    assert_agreement(&cases);
}

/// Python 3.11 refuses what Python 3.10 and all before took as flags of the whole expression. Filters written for
/// those shall work.
#[test]
fn flags_inside_an_expression_count_for_all_of_it() {
    for (inside, before) in [
        ("a(?i)B", "(?i)aB"),
        ("(A(?i))b", "(?i)(A)b"),
        ("a|(?m)^B", "(?m)a|^B"),
        ("(?:(?x) a )  b", "(?x)(?: a )  b"),
    ] {
        let (_, found) = differences(&[Case::new(inside, TEXTS)]);
        assert!(found.len() == 1 && found[0].contains("not at the start"), "{found:?}");
        let ours = |expression| bantam_pattern::Regex::new(expression, Options::default()).unwrap();
        let (inside, before) = (ours(inside), ours(before));
        assert_eq!(inside.ast().misplaced_flags.len(), 1);
        for text in TEXTS {
            assert_eq!(inside.captures(text), before.captures(text), "{text:?}");
        }
    }
}

/// Pairs that are younger than the Unicode of Debian's Python (14); PCRE2 knows 16.
fn is_young(c: char) -> bool {
    matches!(c, '\u{19b}' | '\u{264}' | '\u{1c89}' | '\u{1c8a}' | '\u{a7cb}'..='\u{a7cd}' | '\u{a7da}'..='\u{a7dc}')
        || matches!(c, '\u{10d50}'..='\u{10d85}')
}

#[test]
fn letters_pair_up_when_case_is_ignored() {
    let cased = |c: &char| c.to_lowercase().ne([*c]) || c.to_uppercase().ne([*c]);
    let cases: Vec<Case> = ('\u{41}'..='\u{1e943}')
        .filter(|c| cased(c) && !is_young(*c))
        .map(|c| {
            let mut texts: Vec<String> = vec![c.to_string(), c.to_lowercase().collect(), c.to_uppercase().collect()];
            texts.extend(
                [
                    "s", "k", "i", "I", "ı", "µ", "μ", "å", "ω", "θ", "σ", "ß", "ẞ", "ǆ", "ǅ",
                ]
                .map(str::to_owned),
            );
            texts.retain(|text| text.chars().count() == 1);
            Case {
                expression: format!("(?i){c}"),
                options: Options::default(),
                texts,
            }
        })
        .collect();
    assert_agreement(&cases);
}

#[test]
fn every_character_is_of_the_kind_that_python_has_it_in() {
    let texts: Vec<String> = ('\u{0}'..='\u{ffff}')
        .filter(|c| !is_young(*c))
        .map(String::from)
        .collect();
    let case = |kind: &str| Case {
        expression: kind.to_owned(),
        options: Options::default(),
        texts: texts.clone(),
    };
    assert_agreement(&[case(r"\w"), case(r"\d"), case(r"\s")]);
}
