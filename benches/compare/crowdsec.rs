//! CrowdSec, where it is installed, on the same log: its Traefik parser and one scenario that looks for probing.
//!
//! It runs from a folder of its own, made of what its package brings; no service is started or asked. It insists on
//! logging in at a local API, which a thread here plays.
use crate::figures::{Better, Row};
use crate::process::{try_run, warm};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the traefik collection needs for this log.
const ITEMS: [&str; 5] = [
    "parsers/s00-raw/crowdsecurity/syslog-logs.yaml",
    "parsers/s01-parse/crowdsecurity/traefik-logs.yaml",
    "parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml",
    "parsers/s02-enrich/crowdsecurity/http-logs.yaml",
    "scenarios/crowdsecurity/http-probing.yaml",
];

/// The program, if it is in PATH.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join("crowdsec"))
        .find(|program| program.is_file())
}

/// What it says of its version.
pub fn version(program: &Path) -> String {
    let said = Command::new(program).arg("-version").output();
    let text = said.map_or_else(
        |_| String::new(),
        |said| {
            let all = [said.stdout, said.stderr].concat();
            String::from_utf8_lossy(&all).into_owned()
        },
    );
    text.lines()
        .find_map(|line| line.split_once("version: ").map(|(_, version)| version.to_owned()))
        .unwrap_or_else(|| "of unknown version".to_owned())
}

/// Whole processes on the log, lines per second; a row that says so where it is missing.
pub fn measure(kind: &str, log: &Path, lines: usize, rounds: usize) -> Row {
    let Some(program) = program() else {
        return Row::new(
            format!("{kind}: CrowdSec is not installed and left out"),
            "lines/s",
            Better::More,
            None,
        );
    };
    let mut row = Row::new(
        format!("{kind}: CrowdSec, whole process"),
        "lines/s",
        Better::More,
        None,
    );
    warm(log);
    let folder = tempfile::tempdir().expect("a folder");
    if let Err(problem) = prepare(&program, folder.path()) {
        row.what = format!("{kind}: CrowdSec is left out: {problem}");
        return row;
    }
    for round in 1..=rounds {
        let mut command = Command::new(&program);
        command.arg("-c").arg(folder.path().join("config.yaml"));
        command.arg("-dsn").arg(format!("file://{}", log.display()));
        let done = try_run(command.args(["-type", "traefik", "-no-api"]).stderr(Stdio::null()));
        if !done.success {
            row.what = format!("{kind}: CrowdSec failed and is left out");
            return row;
        }
        row.crowdsec.extend([lines as f64 / done.cpu.as_secs_f64()]);
        eprintln!("{kind}, CrowdSec, round {round}: {:.1} s", done.cpu.as_secs_f64());
    }
    row
}

/// Its configuration, from the files beside the program: `/usr/bin`, `/usr/share/crowdsec`, `/etc/crowdsec`.
fn prepare(program: &Path, folder: &Path) -> Result<(), String> {
    let root = program.ancestors().nth(3).ok_or("it has no folder")?;
    let (share, etc) = (root.join("usr/share/crowdsec"), root.join("etc/crowdsec"));
    let link = |from: PathBuf, to: &str| {
        if !from.exists() {
            return Err(format!("{} is missing", from.display()));
        }
        let to = folder.join(to);
        std::fs::create_dir_all(to.parent().unwrap_or(folder)).map_err(|e| e.to_string())?;
        symlink(&from, &to).map_err(|e| e.to_string())
    };
    link(etc.join("patterns"), "patterns")?;
    link(etc.join("simulation.yaml"), "simulation.yaml")?;
    link(share.join("hub"), "hub")?;
    for item in ITEMS {
        // As its own tool installs it: a link into the hub, without the author's folder.
        symlink_item(
            &folder.join("hub").join(item),
            &folder.join(item.replace("crowdsecurity/", "")),
        )?;
    }
    let data = folder.join("data");
    std::fs::create_dir(&data).map_err(|e| e.to_string())?;
    for file in std::fs::read_dir(share.join("data"))
        .map_err(|e| e.to_string())?
        .flatten()
    {
        std::fs::copy(file.path(), data.join(file.file_name())).map_err(|e| e.to_string())?;
    }
    let port = play_local_api().map_err(|e| e.to_string())?;
    let at = folder.display();
    let mut config = String::new();
    let _ = write!(
        config,
        "common: {{daemonize: false, log_media: stdout, log_level: warning, working_dir: .}}\n\
         config_paths: {{config_dir: {at}/, data_dir: {at}/data/, simulation_path: {at}/simulation.yaml, \
         hub_dir: {at}/hub/, index_path: {at}/hub/.index.json, notification_dir: {at}/data/, plugin_dir: {at}/data/}}\n\
         crowdsec_service: {{acquisition_path: {at}/acquis.yaml, parser_routines: 1}}\n\
         db_config: {{type: sqlite, db_path: {at}/data/crowdsec.db}}\n\
         api: {{client: {{insecure_skip_verify: false, credentials_path: {at}/login.yaml}}}}\n\
         prometheus: {{enabled: false}}\n"
    );
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).map_err(|e| e.to_string());
    write("config.yaml", &config)?;
    write("acquis.yaml", "")?;
    write(
        "login.yaml",
        &format!("url: http://127.0.0.1:{port}/\nlogin: a\npassword: b\n"),
    )
}

fn symlink_item(from: &Path, to: &Path) -> Result<(), String> {
    if !from.exists() {
        return Err(format!("{} is missing", from.display()));
    }
    std::fs::create_dir_all(to.parent().unwrap_or(to)).map_err(|e| e.to_string())?;
    symlink(from, to).map_err(|e| e.to_string())
}

/// Lets anybody in and accepts every alert; on a port of loopback, until the end of this process.
fn play_local_api() -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_all(stream));
        }
    });
    Ok(port)
}

fn answer_all(stream: TcpStream) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if input.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            input.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        input.by_ref().take(length).read_to_end(&mut Vec::new())?;
        let (status, body) = match first.contains("/login") {
            true => ("200 OK", r#"{"code":200,"expire":"2099-01-01T00:00:00Z","token":"t"}"#),
            false => ("201 Created", r#"["1"]"#),
        };
        write!(
            out,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}
