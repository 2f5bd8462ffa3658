//! Access logs as Traefik v3 writes them behind TLS, made up: the same seed gives the same lines.
use jiff::{Timestamp, tz};
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What kind of log.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    pub lines: usize,
    /// Of a thousand lines so many fail (401, 403, 404); of these one in six asks for a picture or a script, which the
    /// guide's filter ignores.
    pub failing: u32,
    /// Only lines that count, as in a flood.
    pub flood: bool,
    /// So many clients take turns, in place of visitors and attackers.
    pub clients: Option<usize>,
    /// When the first line was written.
    pub begin: Timestamp,
    /// Milliseconds from first to last line.
    pub span: i64,
    pub seed: u64,
}

impl Traffic {
    /// What has happened within the last seconds, so that neither finds it old or in the future.
    pub fn recent(lines: usize) -> Self {
        Traffic {
            lines,
            failing: 60,
            flood: false,
            clients: None,
            begin: Timestamp::now(),
            span: 20_000,
            seed: 3,
        }
    }

    /// The same with every line matching, by so many clients in turns.
    pub fn crowd(lines: usize, clients: usize) -> Self {
        Traffic {
            flood: true,
            clients: Some(clients),
            ..Traffic::recent(lines)
        }
    }
}

/// Those who fail again and again.
const ATTACKERS: u64 = 40;
/// Everybody else.
const VISITORS: u64 = 20_000;

pub const HOSTS: [&str; 8] = ["cloud", "photos", "git", "auth", "media", "wiki", "vault", "home"];
const PAGES: [&str; 10] = [
    "/",
    "/index.php/apps/files/?dir=/Documents&fileid=",
    "/api/v1/notifications?page=1&limit=50&since=",
    "/ocs/v2.php/apps/user_status/api/v1/user_status?format=json&r=",
    "/web/index.html#!/details?id=",
    "/remote.php/dav/files/anna/Photos/2026/summer/IMG_",
    "/socket.io/?EIO=4&transport=polling&t=",
    "/login/oauth2/authorize?client_id=web&response_type=code&state=",
    "/apps/gallery/preview?width=512&height=512&file=",
    "/notes/",
];
pub const PROBES: [&str; 10] = [
    "/wp-login.php?attempt=",
    "/.env?",
    "/.git/config?",
    "/phpmyadmin/index.php?lang=",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php?",
    "/cgi-bin/luci/;stok=",
    "/admin/login?next=%2Fadmin%2F",
    "/boaform/admin/formLogin?username=admin&psd=",
    "/actuator/gateway/routes/",
    "/api/v1/token?user=root&try=",
];
const MEDIA: [&str; 4] = ["/static/img/missing_", "/assets/theme/", "/favicon/", "/dist/bundle-"];
const ENDINGS: [&str; 6] = [".png", ".jpg", ".ico", ".js", ".css", ".woff2"];
const AGENTS: [&str; 7] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux) mirall/3.16.0 (Nextcloud, ubuntu-6.8.0-45-generic ClientArchitecture: x86_64 OsArchitecture: x86_64)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
];
const METHODS: [&str; 5] = ["GET", "GET", "GET", "POST", "PROPFIND"];

/// Writes a log.
pub fn write(file: &Path, traffic: &Traffic) -> std::io::Result<()> {
    write_to(std::fs::File::create(file)?, traffic)
}

/// Appends to a log.
pub fn append(file: &Path, traffic: &Traffic) -> std::io::Result<()> {
    write_to(std::fs::OpenOptions::new().append(true).open(file)?, traffic)
}

fn write_to(file: std::fs::File, traffic: &Traffic) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut maker = Maker::new(traffic);
    while let Some(line) = maker.next_line() {
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}

/// Makes line after line.
pub struct Maker {
    traffic: Traffic,
    made: usize,
    random: u64,
    line: String,
}

/// What a line tells of.
pub struct Request {
    pub client: String,
    pub status: u16,
    pub path: String,
    /// Any, where none is named.
    pub host: Option<&'static str>,
}

impl Maker {
    pub fn new(traffic: &Traffic) -> Self {
        Maker {
            traffic: *traffic,
            made: 0,
            random: traffic.seed,
            line: String::new(),
        }
    }

    /// The next line with its newline; none when all are made.
    pub fn next_line(&mut self) -> Option<&str> {
        if self.made >= self.traffic.lines {
            return None;
        }
        let mut request = self.request();
        if let Some(clients) = self.traffic.clients {
            let number = (self.made % clients) as u32 + (100 << 24);
            request.client = std::net::Ipv4Addr::from(number).to_string();
        }
        Some(self.line_of(&request))
    }

    /// A line with its newline that tells of this.
    pub fn line_of(&mut self, request: &Request) -> &str {
        self.line.clear();
        self.format(request);
        self.made += 1;
        &self.line
    }

    fn request(&mut self) -> Request {
        let fails = self.traffic.flood || self.below(1000) < u64::from(self.traffic.failing);
        if !fails {
            let status = [200, 200, 200, 200, 206, 204, 304, 302, 500, 101][self.below(10) as usize];
            let (client, number) = (self.visitor(), self.next());
            let mut path = format!("{}{:x}", self.pick(&PAGES), number >> 24);
            if self.below(3) == 0 {
                path = format!("{}{:x}{}", self.pick(&MEDIA), number >> 32, self.pick(&ENDINGS));
            }
            return Request {
                client,
                status,
                path,
                host: None,
            };
        }
        let status = [401, 403, 404, 404, 404][self.below(5) as usize];
        let number = self.next() >> 20;
        if !self.traffic.flood && self.below(6) == 0 {
            let path = format!("{}{number:x}{}", self.pick(&MEDIA), self.pick(&ENDINGS));
            return Request {
                client: self.visitor(),
                status,
                path,
                host: None,
            };
        }
        let client = if self.below(5) < 3 {
            self.attacker()
        } else {
            self.visitor()
        };
        // Some write into the path what they wish to be read in its place.
        let forged = if self.below(12) == 0 {
            "&x=\\\"OriginStatus\\\":200"
        } else {
            ""
        };
        Request {
            client,
            status,
            path: format!("{}{number:x}{forged}", self.pick(&PROBES)),
            host: None,
        }
    }

    /// One in ten comes over IPv6.
    fn visitor(&mut self) -> String {
        let number = self.below(VISITORS);
        match number % 10 {
            0 => format!(
                "2001:db8:{:x}:{:x}::{:x}",
                number >> 8,
                number & 0xff,
                (number * 7) & 0xffff
            ),
            _ => format!("100.{}.{}.{}", 64 + number % 60, number / 250 % 250, 1 + number % 250),
        }
    }

    fn attacker(&mut self) -> String {
        format!("198.18.{}.{}", self.below(2), 10 + self.below(ATTACKERS / 2))
    }

    fn format(&mut self, request: &Request) {
        let Request {
            client,
            status,
            path,
            host,
        } = request;
        let passed = self.traffic.span * self.made as i64 / self.traffic.lines.max(1) as i64;
        let nanos =
            self.traffic.begin.as_nanosecond() + i128::from(passed) * 1_000_000 + i128::from(self.below(1_000_000));
        let time = Timestamp::from_nanosecond(nanos).unwrap_or(self.traffic.begin);
        let utc = tz::offset(0)
            .to_datetime(time)
            .strftime("%Y-%m-%dT%H:%M:%S.%9f")
            .to_string();
        let local = tz::offset(1)
            .to_datetime(time)
            .strftime("%Y-%m-%dT%H:%M:%S.%9f")
            .to_string();
        let host = host.unwrap_or_else(|| self.pick(&HOSTS));
        let (agent, method) = (self.pick(&AGENTS), self.pick(&METHODS));
        let (port, size, count) = (1024 + self.below(60_000), self.below(200_000), self.made + 1);
        let (duration, overhead) = (400_000 + self.below(90_000_000), 20_000 + self.below(400_000));
        let origin = duration - overhead / 2;
        let address = if client.contains(':') {
            format!("[{client}]:{port}")
        } else {
            format!("{client}:{port}")
        };
        let service = format!("172.18.0.{}", 2 + self.below(20));
        let seconds = local.get(..19).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.line,
            r#"{{"ClientAddr":"{address}","ClientHost":"{client}","ClientPort":"{port}","ClientUsername":"-","DownstreamContentSize":{size},"DownstreamStatus":{status},"Duration":{duration},"OriginContentSize":{size},"OriginDuration":{origin},"OriginStatus":{status},"Overhead":{overhead},"RequestAddr":"{host}.example.org","RequestContentSize":0,"RequestCount":{count},"RequestHost":"{host}.example.org","RequestMethod":"{method}","RequestPath":"{path}","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"websecure-{host}@docker","ServiceAddr":"{service}:8080","ServiceName":"{host}-service@docker","ServiceURL":"http://{service}:8080","StartLocal":"{local}+01:00","StartUTC":"{utc}Z","TLSCipher":"TLS_AES_128_GCM_SHA256","TLSVersion":"1.3","entryPointName":"websecure","level":"info","msg":"","request_User-Agent":"{agent}","time":"{seconds}+01:00"}}"#
        );
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len() as u64) as usize]
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
