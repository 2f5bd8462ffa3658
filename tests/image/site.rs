//! The place where the guide's reader lives: a host with a Docker that publishes a container's port, and two clients
//! of one network in front of it; all of it in two network namespaces.
use crate::lab::{output, succeed, wait_for};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The host's address.
pub const HOST: &str = "203.0.113.1";
/// Who attacks.
pub const ATTACKER: &str = "203.0.113.10";
/// Somebody of the same network who does not.
pub const NEIGHBOUR: &str = "203.0.113.11";
/// The published port of the container.
pub const PUBLISHED: u16 = 8080;
/// The port of a server that runs on the host itself.
pub const PLAIN: u16 = 9090;

/// A web server in the Perl that every Debian has; the port is its argument. A client that falls silent in the midst
/// of a request holds up nobody else.
pub const WEB: &str = r#"use IO::Socket::INET; $SIG{CHLD} = "IGNORE";
my $s = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 64, ReuseAddr => 1) or die $!;
while (1) { my $c = $s->accept or next; if (fork) { close $c; next }
  while (<$c>) { last if /^\r?$/ } print $c "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"; exit }"#;

/// The two namespaces, and the server on the host itself.
pub struct Site {
    pub host: String,
    client: String,
    web: Option<Child>,
}

impl Site {
    pub fn new() -> Self {
        let id = std::process::id();
        let mut site = Site {
            host: format!("bih{id}"),
            client: format!("bic{id}"),
            web: None,
        };
        for name in [&site.host, &site.client] {
            ip(&["netns", "add", name]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
        }
        ip(&[
            "-n",
            &site.host,
            "link",
            "add",
            "wire",
            "type",
            "veth",
            "peer",
            "name",
            "wire",
            "netns",
            &site.client,
        ]);
        for (name, addresses) in [(&site.host, vec![HOST]), (&site.client, vec![ATTACKER, NEIGHBOUR])] {
            for address in addresses {
                ip(&["-n", name, "addr", "add", &format!("{address}/24"), "dev", "wire"]);
            }
            ip(&["-n", name, "link", "set", "wire", "up"]);
        }
        let mut web = in_netns(&site.host, "/usr/bin/perl");
        web.args(["-e", WEB, &PLAIN.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        site.web = Some(web.spawn().expect("start a web server"));
        wait_for("the host's own server answers", Duration::from_secs(10), || {
            site.answers(NEIGHBOUR, PLAIN, None)
        });
        site
    }

    /// Whether a client gets an answer; `forwarded` is whom it claims, as a proxy does, to ask for.
    pub fn answers(&self, client: &str, port: u16, forwarded: Option<&str>) -> bool {
        let mut curl = in_netns(&self.client, "/usr/bin/curl");
        curl.args(["-s", "-o", "/dev/null", "-m", "2", "--interface", client]);
        if let Some(address) = forwarded {
            curl.args(["-H", &format!("X-Forwarded-For: {address}")]);
        }
        output(curl.arg(format!("http://{HOST}:{port}/"))).status.success()
    }

    /// The host's rules, one a line.
    pub fn rules(&self) -> Vec<String> {
        let all = succeed(&mut in_netns(&self.host, "iptables-save"));
        all.lines()
            .filter(|line| line.starts_with("-A"))
            .map(str::to_owned)
            .collect()
    }

    /// How many rules hold a text.
    pub fn rules_with(&self, text: &str) -> usize {
        self.rules().iter().filter(|rule| rule.contains(text)).count()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let rules = output(&mut in_netns(&self.host, "iptables-save"));
            eprintln!("--- rules\n{}", String::from_utf8_lossy(&rules.stdout));
        }
        if let Some(web) = &mut self.web {
            let _ = web.kill();
            let _ = web.wait();
        }
        for name in [&self.host, &self.client] {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

/// A program in a network namespace, with the machine's own /sys: `ip netns exec` would put an empty one there.
fn in_netns(name: &str, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{name}")).arg(program);
    command
}

fn ip(words: &[&str]) {
    succeed(Command::new("ip").args(words));
}
