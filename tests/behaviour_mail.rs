//! The mail action: the same letters to the same people as the original's `smtp.py`, and what becomes of them when the
//! mail server is slow, moody, strange or gone. And what is said of other actions that are Python files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod house;
mod post;

use house::Subject::{Bantam, Original};
use house::{House, Subject};
use post::{Mail, Manner, Post};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const WHO: &str = "192.0.2.1";

/// The jail `door` that mails to a post office, with more options. The original gets its own file.
fn mailing(subject: Subject, post: &Post, options: &str) -> House {
    let house = House::new(subject);
    if subject == Original {
        let stock = Path::new("/etc/fail2ban/action.d/smtp.py");
        std::fs::copy(stock, house.at("action.d/smtp.py")).expect("apt-get install -y fail2ban");
    }
    house.jail(
        "door",
        &format!("action = smtp.py[host=\"{}\"{options}]\n", post.address),
    );
    house
}

fn come(house: &House, post: &Post, count: usize) -> Vec<Mail> {
    house.wait_for(&format!("{count} mails"), || post.mails().len() >= count);
    let mails = post.mails();
    assert_eq!(mails.len(), count, "{:?}\n{}", post.news(), house.story());
    mails
}

/// A certificate for itself, in PEM, and what a server needs of it. `issuer`: as `openssl req -x509` makes them.
fn certificate(name: &str, issuer: bool) -> (String, Arc<rustls::ServerConfig>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    let subject = format!("{name}, issuer: {issuer}");
    params.distinguished_name.push(DnType::CommonName, subject);
    if issuer {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (certificate.pem(), Arc::new(config))
}

/// Starts the daemon with a file of roots.
fn start_trusting(house: &mut House, roots: &str) {
    house.write("roots.pem", roots);
    let mut command = house.command(Bantam, "server");
    command
        .args(["-xf", "start"])
        .env("SSL_CERT_FILE", house.at("roots.pem"));
    house.start_by(command);
}

/// What one daemon writes of a jail's life: started, somebody banned, stopped.
fn letters(subject: Subject, options: &str) -> Vec<Mail> {
    let post = Post::open(Manner::default());
    let mut house = mailing(subject, &post, options);
    house.start();
    come(&house, &post, 1);
    house.append(
        "door.log",
        format!("{} {WHO} knocks g\u{e4}nzlich\n", house::now())
            .repeat(3)
            .as_bytes(),
    );
    come(&house, &post, 2);
    house.stop();
    come(&house, &post, 3)
}

#[test]
fn the_letters_are_the_originals_in_envelope_headers_subject_and_information() {
    for options in [
        "",
        ", matches=matches",
        ", matches=ipmatches, sendername=\"T\u{fc}r W\u{e4}chter\", sender=\"ban@example.com\"",
        ", matches=ipjailmatches, dest=\"a@example.com, b@example.com\"",
    ] {
        let (ours, theirs) = (letters(Bantam, options), letters(Original, options));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!((&ours.from, &ours.to), (&theirs.from, &theirs.to), "{options}");
            let (ours_head, theirs_head) = (ours.headers(), theirs.headers());
            assert_eq!(
                ours_head.keys().collect::<Vec<_>>(),
                theirs_head.keys().collect::<Vec<_>>(),
                "{options}"
            );
            for name in ["Subject", "To", "MIME-Version"] {
                assert_eq!(ours_head[name], theirs_head[name], "{options}");
            }
            assert_eq!(plain_name(&ours_head["From"]), plain_name(&theirs_head["From"]));
            assert!(ours_head["Date"].ends_with(" -0000") && theirs_head["Date"].ends_with(" -0000"));
        }
        let told = |mail: &Mail, part: &str| mail.body().contains(part);
        for mails in [&ours, &theirs] {
            assert!(told(&mails[0], "started") && told(&mails[2], "stopped"));
            for part in ["door", WHO, "3 attempts", "600 seconds"] {
                assert!(told(&mails[1], part), "{part}: {}", mails[1].body());
            }
            let lines = mails[1].body().matches("knocks g\u{e4}nzlich\n").count();
            assert_eq!(lines, if options.contains("matches") { 3 } else { 0 }, "{options}");
        }
    }
}

/// A name may be encoded in more than one way; what matters is what a reader sees.
fn plain_name(from: &str) -> String {
    use base64::Engine;
    let Some((kind, packed)) = from.strip_prefix("=?utf-8?").and_then(|rest| rest.split_once('?')) else {
        return from.to_owned();
    };
    let (packed, rest) = packed.split_once("?=").unwrap();
    let name = match kind {
        "b" => base64::engine::general_purpose::STANDARD.decode(packed).unwrap(),
        _ => {
            let mut pieces = packed.split('=');
            let mut name = pieces.next().unwrap().as_bytes().to_vec();
            for piece in pieces {
                name.push(u8::from_str_radix(&piece[..2], 16).unwrap());
                name.extend_from_slice(piece[2..].replace('_', " ").as_bytes());
            }
            name
        }
    };
    format!("{}{rest}", String::from_utf8(name).unwrap())
}

#[test]
fn a_ban_of_before_is_not_told_again_and_an_unban_is_not_told() {
    let post = Post::open(Manner::default());
    let mut house = mailing(Bantam, &post, "");
    house.start();
    house.knock("door.log", WHO, 3);
    come(&house, &post, 2);
    house.stop();
    house.start();
    house.hear("Restore Ban", 1);
    house.ask(&["set", "door", "unbanip", WHO]);
    house.ask(&["set", "door", "banip", "192.0.2.2"]);
    come(&house, &post, 5);
    let news = [
        "door: started",
        "door: banned 192.0.2.1",
        "door: stopped",
        "door: started",
        "door: banned 192.0.2.2",
    ];
    assert_eq!(post.news(), news);
    house.stop();
}

#[test]
fn properties_and_methods_are_the_originals() {
    let post = Post::open(Manner::default());
    let ask = |subject| {
        let mut house = mailing(subject, &post, ", user=u, dest=\"x@example.com\"");
        house.start();
        let mut answers = Vec::new();
        for words in [
            "get door actions",
            "get door actionmethods smtp",
            "get door action smtp user",
            "get door action smtp toaddr",
            "get door action smtp fromname",
            "get door action smtp fromaddr",
            "get door action smtp matches",
            "get door action smtp norestored",
            "get door action smtp nothing",
            "set door action smtp matches ipmatches",
            "set door action smtp toaddr y@example.com",
            "set door action smtp own value",
            "get door action smtp toaddr",
            "get door action smtp own",
            "get door actionproperties smtp",
            "set door addaction smtp smtp.py {}",
            "set door addaction second ./smtp.py {\"to\":\"x\"}",
            "get door action other host",
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            if let Some(file) = words.iter_mut().find(|word| *word == "./smtp.py") {
                *file = "/etc/fail2ban/action.d/smtp.py".to_owned();
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            // The original's client writes to stderr with the time.
            let done = house.command(Original, "client").args(&words).output().unwrap();
            answers.push((
                words.join(" "),
                done.status.code(),
                String::from_utf8_lossy(&done.stdout).into_owned(),
            ));
        }
        house.stop();
        answers
    };
    let (ours, theirs) = (ask(Bantam), ask(Original));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        // Only the newer original has `ssl`.
        let without_ssl = |answer: &str| {
            answer
                .replace("password, ssl, toaddr", "password, toaddr")
                .trim_end()
                .to_owned()
        };
        let answer = ours.2.split_once("; ").map_or(ours.2.as_str(), |(text, _)| text);
        let (answer, theirs_answer) = (without_ssl(answer), without_ssl(&theirs.2));
        assert_eq!((&ours.0, ours.1, answer), (&theirs.0, theirs.1, theirs_answer));
    }
}

#[test]
fn a_login_goes_by_the_ways_there_are_and_the_password_is_shown_nowhere() {
    for logins in ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"] {
        let post = Post::open(Manner {
            logins,
            ..Manner::default()
        });
        let mut house = mailing(Bantam, &post, ", user=guard, password=\"s\u{e9}same, \u{f6}ffne\"");
        house.write("fail2ban.local", "[Definition]\nloglevel = TRACEDEBUG\n");
        house.start();
        let mails = come(&house, &post, 1);
        let login = Some(("guard".to_owned(), "s\u{e9}same, \u{f6}ffne".to_owned()));
        assert_eq!(mails[0].login, login, "{logins}");
        assert!(
            house
                .ask(&["get", "door", "action", "smtp", "password"])
                .contains("***")
        );
        let changed = house.ask(&["set", "door", "action", "smtp", "password", "wrong"]);
        assert!(changed.contains("***"), "{changed}");
        house.knock("door.log", WHO, 3);
        house.hear("535", 1);
        house.stop();
        let shown = format!("{}{}", house.story(), house.read("daemon.stdout"));
        assert!(
            !shown.contains("same, \u{f6}ffne") && !shown.contains("wrong"),
            "{shown}"
        );
    }
}

#[test]
fn with_ssl_nothing_is_told_without_tls_nor_to_a_server_that_nobody_vouches_for() {
    let (pem, tls) = certificate("localhost", false);
    let (issuers_pem, issuers_tls) = certificate("localhost", true);
    let (others_pem, others_tls) = certificate("elsewhere.example", true);
    let offering = |tls: &Arc<rustls::ServerConfig>| Manner {
        tls: Some(Arc::clone(tls)),
        logins: "PLAIN",
        ..Manner::default()
    };
    for (roots, manner, complaint) in [
        (&pem, offering(&tls), None),
        (&issuers_pem, offering(&issuers_tls), None),
        (
            &pem,
            offering(&issuers_tls),
            Some("certificate vouches for itself, and is not known"),
        ),
        (
            &issuers_pem,
            offering(&tls),
            Some("nobody known vouches for the server's certificate"),
        ),
        (&others_pem, offering(&others_tls), Some("certificate is not valid")),
        (
            &pem,
            Manner {
                logins: "PLAIN",
                ..Manner::default()
            },
            Some("the server offers no TLS"),
        ),
    ] {
        let post = Post::open(manner);
        let mut house = mailing(Bantam, &post, ", user=guard, password=sesame, ssl=true");
        let named = house.read("jail.d/door.conf").replace("127.0.0.1", "localhost");
        house.write("jail.d/door.conf", &named);
        start_trusting(&mut house, roots);
        if let Some(complaint) = complaint {
            house.hear(complaint, 1);
            let said = post.commands();
            let in_the_clear = |line: &&String| line.starts_with("AUTH") || line.starts_with("MAIL");
            assert_eq!(said.iter().find(in_the_clear), None);
        } else {
            let mails = come(&house, &post, 1);
            assert!(mails[0].tls);
            assert_eq!(mails[0].login, Some(("guard".to_owned(), "sesame".to_owned())));
        }
        house.kill();
    }
}

#[test]
fn on_the_port_for_it_tls_begins_at_once() {
    let (pem, tls) = certificate("127.0.0.77", false);
    // An address of this test's own; needs root for the port.
    let post = Post::open_at(
        "127.0.0.77:465",
        Manner {
            tls: Some(tls),
            implicit: true,
            ..Manner::default()
        },
    );
    let mut house = mailing(Bantam, &post, "");
    start_trusting(&mut house, &pem);
    assert!(come(&house, &post, 1)[0].tls);
    house.kill();
}

#[test]
fn a_mail_that_is_put_off_goes_later_and_one_refused_for_good_is_not_tried_again() {
    let post = Post::open(Manner {
        answers: vec![("RCPT", "451 later", 1)],
        ..Manner::default()
    });
    let mut house = mailing(Bantam, &post, "");
    house.start();
    house.hear("451 later", 1);
    house.knock("door.log", WHO, 3);
    come(&house, &post, 2);
    assert_eq!(
        post.news(),
        ["door: started", "door: banned 192.0.2.1"],
        "the start is made up for"
    );

    post.behave(Manner {
        answers: vec![("the end of DATA", "421 not now", 2)],
        ..Manner::default()
    });
    house.knock("door.log", "192.0.2.2", 3);
    house.hear("192.0.2.2 is NOT yet banned by smtp (try 2)", 1);
    house.hear("took effect with smtp at try 3", 1);
    come(&house, &post, 3);

    post.behave(Manner {
        answers: vec![("MAIL", "550 5.7.1 never", 100)],
        ..Manner::default()
    });
    house.knock("door.log", "192.0.2.3", 3);
    house.hear("550 5.7.1 never", 1);
    let connections = post.connections();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(post.connections(), connections, "{}", house.story());
    assert_eq!(house.says("192.0.2.3 is NOT yet banned"), 0);
    post.behave(Manner::default());
    house.knock("door.log", "192.0.2.4", 3);
    come(&house, &post, 4);
    house.stop();
}

#[test]
fn some_recipients_refused_do_not_keep_the_others_from_being_told() {
    let post = Post::open(Manner {
        answers: vec![("RCPT TO:<a@", "550 who?", 100)],
        ..Manner::default()
    });
    let mut house = mailing(Bantam, &post, ", dest=\"a@example.com, b@example.com\"");
    house.start();
    assert_eq!(come(&house, &post, 1)[0].to, ["b@example.com"]);
    house.hear("mail not for all", 1);
    house.hear("a@example.com with: 550 who?", 1);
    house.stop();
}

#[test]
fn a_server_that_hangs_hangs_up_or_is_gone_holds_up_nothing_else() {
    let post = Post::open(Manner::default());
    let mut house = mailing(Bantam, &post, "");
    house.jail("other", "");
    house.start();
    come(&house, &post, 1);
    house.ask(&["set", "door", "action", "smtp", "timeout", "1"]);
    for (round, hangs_at) in ["greeting", "EHLO", "DATA", "the end of DATA"].into_iter().enumerate() {
        post.behave(Manner {
            hangs_at: Some(hangs_at),
            ..Manner::default()
        });
        let (begun, taken) = (Instant::now(), post.mails().len());
        house.ask(&["set", "door", "banip", WHO]);
        house.ask(&["status", "door"]);
        let elsewhere = format!("192.0.2.{}", 100 + round);
        house.knock("door.log", &elsewhere, 3);
        house.called(&format!("ban {elsewhere}"));
        house.hear("did not answer in time", round + 1);
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{hangs_at}: {:?}",
            begun.elapsed()
        );
        post.behave(Manner::default());
        house.wait_for("the mail at last", || post.mails().len() > taken);
        house.ask(&["unban", "--all"]);
    }

    // Byte by byte, each within the limit, but not all of them.
    post.behave(Manner {
        pace: Some(Duration::from_millis(300)),
        ..Manner::default()
    });
    let heard = house.says("did not answer in time");
    house.ask(&["set", "door", "banip", "192.0.2.50"]);
    house.hear("did not answer in time", heard + 1);

    post.behave(Manner {
        hangs_up_at: Some(("MAIL", 1)),
        ..Manner::default()
    });
    house.ask(&["set", "door", "banip", "192.0.2.51"]);
    house.hear("closed the connection", 1);
    house.wait_for("the mail after that", || {
        post.news().contains(&"door: banned 192.0.2.51".to_owned())
    });

    post.behave(Manner {
        hangs_at: Some("EHLO"),
        ..Manner::default()
    });
    let begun = Instant::now();
    house.stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn bytes_of_a_log_line_make_no_header_no_second_mail_and_no_escape_sequence() {
    let post = Post::open(Manner::default());
    let mut house = mailing(Bantam, &post, ", matches=matches");
    house.write(
        "filter.d/door.conf",
        "[Definition]\nfailregex = ^\\s*<F-ID>.*</F-ID> knocks\ndatepattern = ^EPOCH\n",
    );
    house.start();
    let evil: &[u8] = b"x\r.\rMAIL FROM:<evil>\x1b[2J\xff\xe2\x80\xaeBcc: all@example.com knocks\n";
    for _ in 0..3 {
        house.append("door.log", &[house::now().to_string().as_bytes(), b" ", evil].concat());
    }
    let mails = come(&house, &post, 2);
    let mail = &mails[1];
    assert_eq!(mail.headers().len(), 7, "{:?}", mail.data);
    assert_eq!(mail.to, ["root"]);
    let body = mail.body();
    assert!(body.contains("\\u{1b}[2J"), "{body}");
    assert!(
        !body.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'),
        "{body:?}"
    );
    house.kill();
}

#[test]
fn a_reload_keeps_the_action_and_tells_only_of_what_changed() {
    let post = Post::open(Manner::default());
    let mut house = mailing(Bantam, &post, "");
    house.start();
    house.knock("door.log", WHO, 3);
    come(&house, &post, 2);
    house.ask(&["reload"]);
    assert!(house.ask(&["get", "door", "actions"]).contains("smtp"));
    house.ask(&["set", "door", "banip", "192.0.2.2"]);
    come(&house, &post, 3);
    let options = house
        .read("jail.d/door.conf")
        .replace("\"]", "\", dest=\"new@example.com\"]");
    house.write("jail.d/door.conf", &options);
    house.ask(&["reload"]);
    let mails = come(&house, &post, 5);
    assert_eq!(post.news()[3..], ["door: stopped", "door: started"]);
    assert_eq!(
        (&mails[3].to, &mails[4].to),
        (&vec!["root".to_owned()], &vec!["new@example.com".to_owned()])
    );
    house.stop();
}

#[test]
fn another_python_action_is_an_error_of_its_jail_with_place_and_advice_and_the_others_run() {
    let mut house = House::new(Bantam);
    house.jail("good", "");
    house.jail("snake", "action = own_tool.py[key=value]\n");
    house.jail("typo", "action = smtp.py[hots=\"x\"]\n");
    house.jail("wrong", "action = smtp.py[dest=\"a b\"]\n");
    house.write("action.d/own_tool.py", "class Action: pass\n");

    let tested = house.client(&["-t"]);
    let text = house::text_of(&tested);
    assert!(!tested.status.success(), "{text}");
    for part in [
        "own_tool.py, which Bantam cannot load",
        "jail.d/snake.conf:5",
        "write action.d/own_tool.conf",
        "unexpected keyword argument 'hots'",
        "jail.d/typo.conf:5",
        "smtp.py knows host, ssl, user, password",
        "jail.d/wrong.conf:5",
        "is no mail address",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let dumped = |subject| {
        let done = house.command(subject, "client").arg("-d").output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    assert_eq!(dumped(Bantam), dumped(Original));

    house.start();
    assert_eq!(house.list("jails"), ["good"]);
    house.hear("[snake]", 1);
    house.hear("write action.d/own_tool.conf", 1);
    let file = house.at("action.d/own_tool.py").display().to_string();
    let refused = house
        .command(Original, "client")
        .args(["set", "good", "addaction", "x", &file, "{}"])
        .output()
        .unwrap();
    let text = house::text_of(&refused);
    assert!(
        !refused.status.success() && text.contains("which Bantam cannot load"),
        "{text}"
    );
    assert_eq!(
        house.ask(&["get", "good", "actions"]).lines().last().map(str::trim),
        Some("note")
    );
    house.stop();
}
