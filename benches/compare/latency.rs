//! From the line that decides to the first packet that is dropped, and to the end of the guide's firewall commands.
//!
//! A sender in the clients' namespace sends datagrams without pause, each with the moment of its sending; a receiver
//! in the server's namespace says of which moment the last was that came through.
use crate::figures::{Better, Goal, Row, Series};
use crate::lab::net::{Net, SERVER4};
use crate::lab::subject::{Lab, Subject};
use crate::lab::{succeed, traefik, wait_for};
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PORT: u16 = 9000;
/// Between two datagrams.
const PACE: Duration = Duration::from_micros(200);
/// Nothing came for so long: they are dropped.
const SILENCE: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(20);

/// So many clients are banned by each, in turns.
pub fn compare(clients: usize) -> Vec<Row> {
    let row = |what: &str, goal: Option<f64>| Row::new(what, "ms", Better::Less, goal.map(Goal::Times));
    let mut dropped = row("line written to first packet dropped", Some(3.0));
    let mut done = row("line written to the end of both iptables commands", None);
    let mut labs = [Subject::Bantam, Subject::Original].map(Lab::with_guide);
    for lab in &mut labs {
        prepare(lab, clients);
        lab.start();
    }
    for number in 0..clients {
        for lab in &labs {
            let (drop, end) = one_ban(lab, number);
            let (drops, ends) = match lab.subject {
                Subject::Bantam => (&mut dropped.bantam, &mut done.bantam),
                Subject::Original => (&mut dropped.original, &mut done.original),
            };
            drops.extend([drop]);
            ends.extend([end]);
        }
        let (ours, theirs) = (dropped.bantam.0[number], dropped.original.0[number]);
        eprintln!("latency, client {}: {ours:.1} ms against {theirs:.1} ms", number + 1);
    }
    let bare = bare_commands(&labs[0].net, clients);
    for lab in &mut labs {
        lab.stop();
    }
    let p95 = |row: &Row| Row {
        what: "the same, 95 % of clients within".to_owned(),
        bantam: Series(vec![row.bantam.quantile(0.95)]),
        original: Series(vec![row.original.quantile(0.95)]),
        goal: None,
        ..row.clone()
    };
    let commands = Row {
        original: Series::default(),
        bantam: bare,
        ..row("of this, the two commands alone, by hand", None)
    };
    vec![dropped.clone(), p95(&dropped), done.clone(), p95(&done), commands]
}

fn client(number: usize) -> String {
    format!("203.0.113.{}", 20 + number)
}

fn prepare(lab: &Lab, clients: usize) {
    assert!(clients <= 200, "at most 200 clients have an address");
    for number in 0..clients {
        succeed(Command::new("ip").args([
            "-n",
            &lab.net.client,
            "addr",
            "add",
            &format!("{}/24", client(number)),
            "dev",
            "wire",
        ]));
    }
    // Called once the firewall's commands have ended: the guide's jail names Cloudflare second.
    let calls = lab.folder().join("curl.moments");
    lab.fake(
        "curl",
        &format!("#!/bin/sh\necho \"$(date +%s%N) $*\" >> {}\n", calls.display()),
    );
}

/// Milliseconds until the first packet is dropped and until the commands have ended.
fn one_ban(lab: &Lab, number: usize) -> (f64, f64) {
    let client = client(number);
    let probe = Probe::start(&lab.net, &client);
    traefik::log(&lab.log(), &client, 404, 14, "/admin/{n}.php");
    let found = format!("Found {client} ");
    wait_for("fourteen failures are found", PATIENCE, || {
        lab.said().matches(&found).count() == 14
    });
    // At no fixed moment of whatever turns a daemon takes.
    std::thread::sleep(Duration::from_millis(300 + (number as u64 * 619) % 1000));
    let line = traefik::line(traefik::Request {
        client: &client,
        status: 401,
        path: "/login",
    }) + "\n";
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(lab.log())
        .expect("the log");
    let written = nanos();
    log.write_all(line.as_bytes()).expect("write the log");
    let last = probe.last_received();
    assert!(last > written, "{client} was cut off before the line that decides");
    let told = format!(r#""value":"{client}""#);
    let mut ended = None;
    wait_for("the commands have ended", PATIENCE, || {
        let calls = lab.read("curl.moments");
        ended = calls
            .lines()
            .find(|call| call.contains(&told))
            .and_then(|call| call.split(' ').next()?.parse::<u64>().ok());
        ended.is_some()
    });
    let since = |moment: u64| (moment - written) as f64 / 1e6;
    (since(last) + PACE.as_secs_f64() * 1e3, since(ended.expect("a moment")))
}

/// What the guide's commands take in a shell of their own, with nobody around them.
fn bare_commands(net: &Net, times: usize) -> Series {
    let run = |number: usize| {
        let ip = format!("192.0.2.{number}");
        let script = format!(
            "a=$(date +%s%N)\niptables -I DOCKER-USER -m string --algo bm --string 'X-Forwarded-For: {ip}' -j DROP\n\
             iptables -A INPUT -s {ip} -j DROP\necho $(( $(date +%s%N) - a ))"
        );
        net.in_server("sh", &["-c", &script])
            .trim()
            .parse::<f64>()
            .expect("nanoseconds")
            / 1e6
    };
    Series((1..=times).map(run).collect())
}

/// A sender and a receiver at work.
struct Probe {
    sender: Child,
    receiver: Child,
    says: BufReader<std::process::ChildStdout>,
}

impl Probe {
    fn start(net: &Net, client: &str) -> Self {
        let own = std::env::current_exe().expect("this program");
        let helper = |namespace: &str, words: &[&str]| {
            let mut command = Command::new("ip");
            command
                .args(["netns", "exec", namespace])
                .arg(&own)
                .args(words)
                .stdout(Stdio::piped());
            command.spawn().expect("start a probe")
        };
        let mut receiver = helper(&net.server, &["--probe-receiver", client]);
        let mut says = BufReader::new(receiver.stdout.take().expect("a pipe"));
        let mut expect = |what: &str| {
            let mut line = String::new();
            says.read_line(&mut line).expect("the receiver speaks");
            assert_eq!(line.trim(), what);
        };
        expect("ready");
        let sender = helper(&net.client, &["--probe-sender", client]);
        expect("first");
        Probe { sender, receiver, says }
    }

    /// The moment at which the last packet that came through was sent; returns when no more come.
    fn last_received(mut self) -> u64 {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("the receiver speaks");
        line.trim().parse().expect("a moment")
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        for child in [&mut self.sender, &mut self.receiver] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends until it is killed.
pub fn send(from: &str) {
    let socket = UdpSocket::bind((from, 0)).expect("the client's address");
    loop {
        // Nobody may listen any more.
        let _ = socket.send_to(&nanos().to_le_bytes(), (SERVER4, PORT));
        std::thread::sleep(PACE);
    }
}

/// Says `ready`, `first` when something comes, and when nothing comes any more, of when the last was.
pub fn receive(from: &str) {
    let socket = UdpSocket::bind((SERVER4, PORT)).expect("the server's address");
    println!("ready");
    let (mut last, mut bytes) = (0, [0u8; 8]);
    loop {
        match socket.recv_from(&mut bytes) {
            Ok((8, sender)) if sender.ip().to_string() == from => {
                if last == 0 {
                    println!("first");
                    socket.set_read_timeout(Some(SILENCE)).expect("a limit");
                }
                last = u64::from_le_bytes(bytes);
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    println!("{last}");
}

fn nanos() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_nanos() as u64)
}
