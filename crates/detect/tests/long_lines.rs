//! Lines of a megabyte that clients really can bring about, with an address or a path drawn out: filters still find in
//! them what they find in short ones. Filters as they are installed, and the guide's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use bantam_detect::{Filter, LineContext, Note, Resolver, Time};
use bantam_wire::Value;
use std::net::IpAddr;
use std::path::Path;

const MEGABYTE: usize = 1_000_000;

struct Nobody;

impl Resolver for Nobody {
    fn addresses(&mut self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}

fn filter(config: &Path, spec: &str) -> Filter {
    let commands = bantam_conf::load_filter(config, spec).expect("install fail2ban: apt-get install fail2ban");
    let mut filter = Filter::new();
    for command in &commands {
        let option = command.words.get(2).and_then(Value::as_str).unwrap_or_default();
        let values = match command.words.get(3) {
            Some(Value::List(values)) => values.as_slice(),
            _ => command.words.get(3..4).unwrap_or_default(),
        };
        for value in values.iter().filter_map(Value::as_str) {
            match option {
                "prefregex" => filter.set_prefregex(value).unwrap(),
                "addfailregex" => filter.add_failregex(value).unwrap(),
                "addignoreregex" => filter.add_ignoreregex(value).unwrap(),
                "datepattern" => filter.set_datepattern(value).unwrap(),
                _ => {}
            }
        }
    }
    filter
}

fn stock(spec: &str) -> Filter {
    filter("/etc/fail2ban".as_ref(), spec)
}

/// Whom a line names, and what was given up on it. `~` stands for what is drawn out.
fn judge(filter: &mut Filter, line: &str, unit: &str) -> (Vec<String>, Vec<Note>) {
    let mut notes = Vec::new();
    let mut named = Vec::new();
    let filling = unit.repeat(MEGABYTE / unit.len());
    // As a block, which is how logs come in, and as a line.
    let line = line.replace('~', &filling) + "\n";
    let mut failures = Vec::new();
    let mut context = LineContext {
        now: Time::from_secs_f64(1_795_400_000.0),
        in_operation: true,
        findtime: Some(600.0),
        resolver: &mut Nobody,
    };
    filter.process_block(line.as_bytes(), &mut context, &mut failures, &mut notes);
    filter.process(line.as_bytes(), &mut context, &mut failures, &mut notes);
    named.extend(failures.iter().map(|failure| failure.id.to_string()));
    notes.retain(|note| matches!(note, Note::Limit { .. }));
    (named, notes)
}

fn assert_found(filter: &mut Filter, line: &str, unit: &str) {
    let (named, given_up) = judge(filter, line, unit);
    assert_eq!(
        (named, given_up),
        (vec!["192.0.2.1".to_owned(); 2], vec![]),
        "{line} {unit}"
    );
}

#[test]
fn the_guides_filter_finds_who_asks_for_a_path_of_a_megabyte() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/guide");
    let mut filter = filter(&config, "traefik-general-forceful-browsing");
    let line = r#"{"ClientAddr":"192.0.2.1:1","ClientHost":"192.0.2.1","ClientPort":"1","ClientUsername":"-","DownstreamContentSize":19,"DownstreamStatus":404,"Duration":1,"OriginContentSize":19,"OriginDuration":1,"OriginStatus":404,"Overhead":1,"RequestAddr":"example.com","RequestContentSize":0,"RequestCount":1,"RequestHost":"example.com","RequestMethod":"GET","RequestPath":"/<path>","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"r@docker","StartLocal":"2026-11-23T02:13:20.1Z","StartUTC":"2026-11-23T02:13:20.1Z","TLSCipher":"TLS_AES_128_GCM_SHA256","TLSVersion":"1.3","entryPointName":"websecure","level":"info","msg":"","request_User-Agent":"<agent>","time":"2026-11-23T02:13:20Z"}"#;
    for unit in ["a", "é", "a b ", r#"\",\"level\":\""#, ":", "%22"] {
        assert_found(
            &mut filter,
            &line.replace("<path>", "~").replace("<agent>", "curl"),
            unit,
        );
        assert_found(&mut filter, &line.replace("<path>", "x").replace("<agent>", "~"), unit);
    }
    let ignored = line.replace("<path>", "~.png").replace("<agent>", "curl");
    assert_eq!(judge(&mut filter, &ignored, "a"), (vec![], vec![]));
}

#[test]
fn traefik_auth_finds_who_asks_for_a_path_or_brings_a_header_of_a_megabyte() {
    let mut filter = stock("traefik-auth");
    let head = "192.0.2.1 - bob [23/Nov/2026:02:13:20 +0000]";
    for unit in ["a", "/..", "%22"] {
        for rest in [
            r#""GET /~ HTTP/1.1" 401 17 "-" "-" 1 "r@docker" "http://10.0.0.1" 3ms"#,
            r#""GET / HTTP/1.1" 401 17 "~" "-" 1 "r@docker" "http://10.0.0.1" 3ms"#,
            r#""GET / HTTP/1.1" 401 17 "-" "~" 1 "r@docker" "http://10.0.0.1" 3ms"#,
        ] {
            assert_found(&mut filter, &format!("{head} {rest}"), unit);
        }
    }
}

#[test]
fn sshd_finds_who_fails_under_a_name_of_a_megabyte() {
    for rest in [
        "Failed password for ~ from 192.0.2.1 port 22 ssh2",
        "User ~ from 192.0.2.1 not allowed because not listed in AllowUsers",
    ] {
        assert_found(&mut stock("sshd"), &format!("Nov 23 02:13:20 srv sshd[7]: {rest}"), "a");
    }
}
