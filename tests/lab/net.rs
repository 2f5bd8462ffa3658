//! Two namespaces and the wire between them.
use super::{output, succeed};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The server's addresses on the wire.
pub const SERVER4: &str = "203.0.113.1";
/// The server's addresses on the wire.
pub const SERVER6: &str = "2001:db8::1";
/// Who attacks.
pub const ATTACKER: &str = "203.0.113.10";
/// Somebody of the same network who does not.
pub const NEIGHBOUR: &str = "203.0.113.11";
/// Who attacks over IPv6.
pub const ATTACKER6: &str = "2001:db8::10";
/// Inside the guide's `ignoreip`.
pub const PRIVATE: &str = "10.9.8.7";
/// The web server's port.
pub const PORT: u16 = 8080;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Two namespaces; they go with the value.
pub struct Net {
    pub server: String,
    pub client: String,
    web: Option<Child>,
}

impl Net {
    /// Makes the namespaces, the wire, the chains that Docker would have made, and a web server.
    pub fn new() -> Self {
        let id = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let mut net = Net {
            server: format!("bs{id}"),
            client: format!("bc{id}"),
            web: None,
        };
        let (server, client) = (net.server.clone(), net.client.clone());
        for name in [&server, &client] {
            ip(&["netns", "add", name]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
        }
        ip(&[
            "-n", &server, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", &client,
        ]);
        for (name, addresses) in [
            (&server, vec!["203.0.113.1/24", "2001:db8::1/64", "10.9.8.1/24"]),
            (
                &client,
                vec!["203.0.113.10/24", "203.0.113.11/24", "2001:db8::10/64", "10.9.8.7/24"],
            ),
        ] {
            for address in addresses {
                // No duplicate address detection: an IPv6 address is usable at once.
                let mut words = vec!["-n", name, "addr", "add", address, "dev", "wire"];
                if address.contains(':') {
                    words.push("nodad");
                }
                ip(&words);
            }
            ip(&["-n", name, "link", "set", "wire", "up"]);
        }
        for tool in ["iptables", "ip6tables"] {
            net.in_server(tool, &["-w", "-N", "DOCKER-USER"]);
            net.in_server(tool, &["-w", "-I", "FORWARD", "-j", "DOCKER-USER"]);
        }
        net.start_web();
        net
    }

    fn start_web(&mut self) {
        let script = format!(
            "import http.server,socket\n\
             class S(http.server.ThreadingHTTPServer):\n  address_family=socket.AF_INET6\n\
             http.server.SimpleHTTPRequestHandler.log_message=lambda *a: None\n\
             S(('::',{PORT}),http.server.SimpleHTTPRequestHandler).serve_forever()"
        );
        let child = Command::new("ip")
            .args(["netns", "exec", &self.server, "/usr/bin/python3", "-c", &script])
            .current_dir("/usr/share/doc")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the web server");
        self.web = Some(child);
        super::wait_for("the web server answers", std::time::Duration::from_secs(10), || {
            self.reaches(NEIGHBOUR)
        });
    }

    /// Whether a client address gets a TCP connection to the web server.
    pub fn reaches(&self, from: &str) -> bool {
        let to = if from.contains(':') {
            format!("http://[{SERVER6}]:{PORT}/")
        } else if from.starts_with("10.") {
            format!("http://10.9.8.1:{PORT}/")
        } else {
            format!("http://{SERVER4}:{PORT}/")
        };
        let done = output(Command::new("ip").args([
            "netns",
            "exec",
            &self.client,
            "/usr/bin/curl",
            "-s",
            "-o",
            "/dev/null",
            "-m",
            "1",
            "--interface",
            from,
            &to,
        ]));
        done.status.success()
    }

    /// Runs a command in the server's namespace; it must succeed.
    pub fn in_server(&self, program: &str, words: &[&str]) -> String {
        succeed(
            Command::new("ip")
                .args(["netns", "exec", &self.server, program])
                .args(words),
        )
    }

    /// All rules, of both families, one a line.
    pub fn rules(&self) -> Vec<String> {
        let all = self.in_server("iptables-save", &[]) + &self.in_server("ip6tables-save", &[]);
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

impl Drop for Net {
    fn drop(&mut self) {
        if let Some(web) = &mut self.web {
            let _ = web.kill();
            let _ = web.wait();
        }
        for name in [&self.server, &self.client] {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

fn ip(words: &[&str]) {
    succeed(Command::new("ip").args(words));
}
