//! A small filter and log of our own: as annotated it must pass, and with each thing wrong that can be it must not.

use super::run::{Subject, run};
use super::zone;
use crate::ledger::Ledger;
use std::path::Path;

const FILTER: &str = "\
[Definition]
failregex = ^\\s*refused <F-USER>\\S+</F-USER> from <HOST>$
            ^\\s*dropped <HOST>$
datepattern = ^%%Y-%%m-%%d %%H:%%M:%%S
";

const LOG: &str = "\
# failJSON: { \"time\": \"2005-08-14T11:58:00\", \"match\": true, \"host\": \"192.0.2.7\", \"user\": \"joe\", \"attempts\": 1 }
2005-08-14 11:58:00 refused joe from 192.0.2.7
# failJSON: { \"match\": true, \"host\": \"2001:db8::7\" }
2005-08-14 11:59:00 dropped 2001:DB8:0::7
# failJSON: { \"match\": false }
2005-08-14 11:59:30 accepted joe from 192.0.2.7
2005-08-14 11:59:40 nothing
";

/// What is replaced by what, in the log or in the filter, and what the runner must say then.
const WRONG: [(&str, &str, &str); 11] = [
    (
        "\"match\": true, \"host\": \"2001",
        "\"match\": false, \"host\": \"2001",
        "matched when shouldn't",
    ),
    ("\"match\": false", "\"match\": true", "not matched when should"),
    (
        "# failJSON: { \"match\": true, \"host\": \"2001:db8::7\" }\n",
        "",
        "matched when shouldn't",
    ),
    ("\"192.0.2.7\"", "\"192.0.2.8\"", "host: "),
    ("2001:db8::7\" }", "2001:db8::8\" }", "host: "),
    ("11:58:00\",", "11:58:01\",", "time: "),
    ("\"joe\"", "\"john\"", "user: "),
    ("\"attempts\": 1", "\"attempts\": 2", "attempts: "),
    ("\"attempts\": 1", "\"alt_user\": \"x\"", "alt_user: "),
    (
        "^\\s*dropped <HOST>$",
        "^\\s*dropped <HOST>$\n  ^\\s*drop\\w+ <HOST>$",
        "Multiple",
    ),
    (
        "^\\s*dropped <HOST>$",
        "^\\s*dropped <HOST>$\n  ^\\s*gone <HOST>$",
        "without a sample",
    ),
];

/// Notes what the runner takes wrongly.
pub fn check(ledger: &mut Ledger) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("filter.d")).unwrap();
    let said = said_of(dir.path(), FILTER, LOG);
    if !said.is_empty() {
        ledger.differ(format!("a log that is annotated rightly: {said:?}"));
    }
    for (right, wrong, wanted) in WRONG {
        let [filter, log] = [FILTER, LOG].map(|text| text.replacen(right, wrong, 1));
        assert!(filter != FILTER || log != LOG, "{right} stands nowhere");
        let said = said_of(dir.path(), &filter, &log);
        if !said.iter().any(|said| said.contains(wanted)) {
            ledger.differ(format!("{wrong:?} in place of {right:?} is not found out: {said:?}"));
        }
    }
}

fn said_of(dir: &Path, filter: &str, log: &str) -> Vec<String> {
    std::fs::write(dir.join("filter.d/own.conf"), filter).unwrap();
    std::fs::write(dir.join("own"), log).unwrap();
    let subject = Subject {
        name: "own".to_owned(),
        base: dir.to_owned(),
        logs: dir.to_owned(),
    };
    let outcome = run(&subject, &zone(), None).unwrap();
    let unused = outcome
        .unused
        .values()
        .flatten()
        .map(|one| format!("{one}: without a sample"));
    let complaints = outcome.lines.into_iter().filter_map(|line| line.complaint);
    complaints.chain(unused).collect()
}
