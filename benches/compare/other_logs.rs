//! Logs of other formats, made up: Traefik's common log format, and what sshd says through syslog.
use jiff::{Timestamp, tz};
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;

/// SplitMix64; the same seed gives the same log.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) % end
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len() as u64) as usize]
    }

    /// One of 2,560 addresses.
    fn client(&mut self) -> String {
        format!("198.51.{}.{}", 100 + self.below(10), self.below(256))
    }
}

/// Fifty requests a second, six of a hundred are refused (401).
pub fn write_common(file: &Path, lines: usize, begin: Timestamp) -> std::io::Result<()> {
    let agents = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "curl/8.1",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    ];
    let mut random = Random(5);
    write_lines(file, lines, |index, line| {
        let date = at(begin, index / 50, "%d/%b/%Y:%H:%M:%S +0000");
        let (client, fails) = (random.client(), random.below(100) < 6);
        let user = if fails {
            "root"
        } else {
            random.pick(&["-", "-", "anna"])
        };
        let status = if fails { 401 } else { 200 };
        let (folder, page, size) = (
            random.pick(&["a", "index", "photos/x"]),
            random.below(9999),
            random.below(9999),
        );
        let (agent, taken) = (random.pick(&agents), random.below(99));
        let _ = writeln!(
            line,
            "{client} - {user} [{date}] \"GET /{folder}/{page} HTTP/2.0\" {status} {size} \"-\" \"{agent}\" {index} \
             \"nextcloud@docker\" \"http://172.18.0.3:80\" {taken}ms"
        );
    })
}

/// Twenty lines a second; six of ten tell of somebody who tries.
pub fn write_sshd(file: &Path, lines: usize, begin: Timestamp) -> std::io::Result<()> {
    let mut random = Random(6);
    write_lines(file, lines, |index, line| {
        let date = at(begin, index / 20, "%b %d %H:%M:%S");
        let pid = 1000 + random.below(59_000);
        let _ = write!(line, "{date} server sshd[{pid}]: ");
        let (client, port, number) = (random.client(), 1024 + random.below(64_000), random.below(99));
        let _ = match random.below(20) {
            0..4 => writeln!(line, "Failed password for root from {client} port {port} ssh2"),
            4..6 => writeln!(line, "Invalid user admin{number} from {client} port {port}"),
            6..8 => writeln!(
                line,
                "Failed password for invalid user x{number} from {client} port {port} ssh2"
            ),
            8..10 => writeln!(
                line,
                "Connection closed by authenticating user root {client} port {port} [preauth]"
            ),
            10..12 => writeln!(
                line,
                "Received disconnect from {client} port {port}:11: Bye Bye [preauth]"
            ),
            12 => writeln!(
                line,
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={client}  \
                 user=root"
            ),
            13..16 => writeln!(
                line,
                "Accepted publickey for git from {client} port {port} ssh2: ED25519 SHA256:abc"
            ),
            16..18 => writeln!(
                line,
                "pam_unix(sshd:session): session opened for user git(uid=1000) by (uid=0)"
            ),
            _ => writeln!(line, "Disconnected from user git {client} port {port}"),
        };
    })
}

fn at(begin: Timestamp, seconds: usize, format: &str) -> String {
    let moment = Timestamp::from_second(begin.as_second() + seconds as i64).unwrap_or(begin);
    tz::offset(0).to_datetime(moment).strftime(format).to_string()
}

fn write_lines(file: &Path, lines: usize, mut each: impl FnMut(usize, &mut String)) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(file)?);
    let mut line = String::new();
    for index in 0..lines {
        line.clear();
        each(index, &mut line);
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}
