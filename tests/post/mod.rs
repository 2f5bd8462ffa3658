//! A post office on a real socket: speaks SMTP (RFC 5321) as far as a client can tell, keeps what it is given, and can
//! be told to misbehave.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A mail as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
    pub tls: bool,
    pub login: Option<(String, String)>,
}

impl Mail {
    /// Headers by name, unfolded.
    pub fn headers(&self) -> BTreeMap<String, String> {
        let (head, _) = self.data.split_once("\r\n\r\n").expect("an empty line");
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
            (name.to_owned(), value.to_owned())
        };
        unfolded.split("\r\n").map(header).collect()
    }

    pub fn subject(&self) -> String {
        self.headers()["Subject"].clone()
    }

    /// The text, decoded.
    pub fn body(&self) -> String {
        let (_, body) = self.data.split_once("\r\n\r\n").expect("an empty line");
        match self.headers()["Content-Transfer-Encoding"].as_str() {
            "7bit" => body.replace("\r\n", "\n"),
            "base64" => {
                let packed: String = body.split_whitespace().collect();
                String::from_utf8(BASE64.decode(packed).expect("base64")).expect("UTF-8")
            }
            other => panic!("an encoding that nobody asked for: {other}"),
        }
    }
}

/// What the office does otherwise than taking mails.
#[derive(Clone, Default)]
pub struct Manner {
    /// Offers STARTTLS by this.
    pub tls: Option<Arc<ServerConfig>>,
    /// Speaks TLS at once.
    pub implicit: bool,
    /// Offers these logins.
    pub logins: &'static str,
    /// A command that begins so is answered so, as often as said.
    pub answers: Vec<(&'static str, &'static str, usize)>,
    /// At a command that begins so (or `greeting`), nothing more is said.
    pub hangs_at: Option<&'static str>,
    /// At a command that begins so, the connection is closed, as often as said.
    pub hangs_up_at: Option<(&'static str, usize)>,
    /// Answers come byte by byte with this between.
    pub pace: Option<Duration>,
}

#[derive(Default)]
struct Ledger {
    manner: Manner,
    mails: Vec<Mail>,
    commands: Vec<String>,
    connections: usize,
}

/// The office. Its threads end with the test.
#[derive(Clone)]
pub struct Post {
    pub address: SocketAddr,
    ledger: Arc<Mutex<Ledger>>,
}

impl Post {
    pub fn open(manner: Manner) -> Self {
        Self::open_at("127.0.0.1:0", manner)
    }

    pub fn open_at(address: &str, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let post = Post {
            address: listener.local_addr().unwrap(),
            ledger: Arc::default(),
        };
        post.behave(manner);
        let own = post.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let own = own.clone();
                // A client that hangs up ends only its own thread.
                std::thread::spawn(move || own.serve(client));
            }
        });
        post
    }

    pub fn behave(&self, manner: Manner) {
        self.ledger.lock().unwrap().manner = manner;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.ledger.lock().unwrap().mails.clone()
    }

    /// Subjects without the `[Fail2Ban] ` and the host.
    pub fn news(&self) -> Vec<String> {
        let short = |mail: Mail| {
            let subject = mail.subject();
            let subject = subject.strip_prefix("[Fail2Ban] ").unwrap_or(&subject);
            let end = subject
                .rfind(" on ")
                .or(subject.rfind(" from "))
                .unwrap_or(subject.len());
            subject[..end].to_owned()
        };
        self.mails().into_iter().map(short).collect()
    }

    /// Everything that clients said, outside and inside of TLS.
    pub fn commands(&self) -> Vec<String> {
        self.ledger.lock().unwrap().commands.clone()
    }

    pub fn connections(&self) -> usize {
        self.ledger.lock().unwrap().connections
    }

    fn serve(&self, client: TcpStream) {
        let manner = {
            let mut ledger = self.ledger.lock().unwrap();
            ledger.connections += 1;
            ledger.manner.clone()
        };
        let tls = manner.tls.clone();
        if manner.implicit {
            let connection = ServerConnection::new(tls.unwrap()).unwrap();
            let mut talk = Talk::new(self, StreamOwned::new(connection, client), true);
            talk.say("220 office ESMTP");
            talk.go_on();
            return;
        }
        let mut talk = Talk::new(self, client, false);
        if manner.hangs_at == Some("greeting") {
            return talk.hang();
        }
        talk.say("220 office ESMTP");
        if talk.go_on() == Next::Tls {
            let client = talk.reader.into_inner();
            let connection = ServerConnection::new(tls.unwrap()).unwrap();
            Talk::new(self, StreamOwned::new(connection, client), true).go_on();
        }
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Tls,
    End,
}

struct Talk<'p, S: Read + Write> {
    post: &'p Post,
    reader: BufReader<S>,
    tls: bool,
    login: Option<(String, String)>,
    from: String,
    to: Vec<String>,
}

impl<'p, S: Read + Write> Talk<'p, S> {
    fn new(post: &'p Post, stream: S, tls: bool) -> Self {
        Talk {
            post,
            reader: BufReader::new(stream),
            tls,
            login: None,
            from: String::new(),
            to: Vec::new(),
        }
    }

    fn say(&mut self, text: &str) {
        let pace = self.post.ledger.lock().unwrap().manner.pace;
        let line = format!("{text}\r\n");
        let stream = self.reader.get_mut();
        let said = match pace {
            None => stream.write_all(line.as_bytes()),
            Some(pace) => line.bytes().try_for_each(|byte| {
                std::thread::sleep(pace);
                stream.write_all(&[byte])
            }),
        };
        let _ = said.and_then(|()| self.reader.get_mut().flush());
    }

    fn hear(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let count = self.reader.read_until(b'\n', &mut line).unwrap_or(0);
        (count > 0).then(|| {
            String::from_utf8(line)
                .expect("commands are UTF-8")
                .trim_end()
                .to_owned()
        })
    }

    fn hang(&mut self) {
        while self.hear().is_some() {}
    }

    /// An answer out of the ordinary.
    fn moody(&mut self, command: &str) -> Option<Option<String>> {
        let mut ledger = self.post.ledger.lock().unwrap();
        ledger.commands.push(command.to_owned());
        let manner = &mut ledger.manner;
        if let Some((at, times)) = &mut manner.hangs_up_at
            && command.starts_with(*at)
            && *times > 0
        {
            *times -= 1;
            return Some(None);
        }
        for (at, answer, times) in &mut manner.answers {
            if command.starts_with(*at) && *times > 0 {
                *times -= 1;
                return Some(Some((*answer).to_owned()));
            }
        }
        None
    }

    fn go_on(&mut self) -> Next {
        while let Some(command) = self.hear() {
            let hangs_at = self.post.ledger.lock().unwrap().manner.hangs_at;
            match self.moody(&command) {
                Some(None) => return Next::End,
                Some(Some(answer)) => {
                    self.say(&answer);
                    continue;
                }
                None if hangs_at.is_some_and(|at| command.starts_with(at)) => {
                    self.hang();
                    return Next::End;
                }
                None => {}
            }
            let word = command
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => self.introduce(),
                "HELO" | "RSET" | "NOOP" => self.say("250 fine"),
                "STARTTLS" => {
                    self.say("220 go ahead");
                    return Next::Tls;
                }
                "AUTH" => self.log_in(&command),
                "MAIL" => {
                    self.from = inside(&command);
                    self.to.clear();
                    self.say("250 fine");
                }
                "RCPT" => {
                    self.to.push(inside(&command));
                    self.say("250 fine");
                }
                "DATA" => self.take(),
                "QUIT" => {
                    self.say("221 bye");
                    return Next::End;
                }
                _ => self.say("500 what?"),
            }
        }
        Next::End
    }

    fn introduce(&mut self) {
        let manner = self.post.ledger.lock().unwrap().manner.clone();
        self.say("250-office");
        if manner.tls.is_some() && !self.tls {
            self.say("250-STARTTLS");
        }
        if !manner.logins.is_empty() {
            self.say(&format!("250-AUTH {}", manner.logins));
        }
        self.say("250 8BITMIME");
    }

    fn log_in(&mut self, command: &str) {
        let decoded = |text: &str| String::from_utf8(BASE64.decode(text).expect("base64")).expect("UTF-8");
        let words: Vec<&str> = command.split(' ').collect();
        let login = match (words.get(1).copied(), words.get(2)) {
            (Some("PLAIN"), Some(token)) => {
                let token = decoded(token);
                let mut parts = token.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap(), parts.next().unwrap())
            }
            (Some("LOGIN"), first) => {
                let first = first.map(|word| (*word).to_owned());
                let user = first.unwrap_or_else(|| {
                    self.say("334 VXNlcm5hbWU6");
                    self.hear().unwrap()
                });
                self.say("334 UGFzc3dvcmQ6");
                (decoded(&user), decoded(&self.hear().unwrap()))
            }
            _ => return self.say("504 no such login"),
        };
        if login.1 == "wrong" {
            return self.say("535 5.7.8 no");
        }
        self.login = Some(login);
        self.say("235 welcome");
    }

    fn take(&mut self) {
        if self.to.is_empty() {
            return self.say("503 for whom?");
        }
        self.say("354 go on");
        let mut data = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return;
            }
            assert!(line.len() <= 1000, "a line of {} bytes", line.len());
            match line.as_slice() {
                b".\r\n" => break,
                [b'.', rest @ ..] => data.extend_from_slice(rest),
                line => data.extend_from_slice(line),
            }
        }
        let answer = self.moody("the end of DATA");
        let hangs_at = self.post.ledger.lock().unwrap().manner.hangs_at;
        if hangs_at == Some("the end of DATA") {
            return self.hang();
        }
        if let Some(answer) = answer {
            return self.say(&answer.unwrap_or_default());
        }
        let mail = Mail {
            from: self.from.clone(),
            to: self.to.clone(),
            data: String::from_utf8(data).expect("mails are ASCII"),
            tls: self.tls,
            login: self.login.clone(),
        };
        self.post.ledger.lock().unwrap().mails.push(mail);
        self.say("250 taken");
    }
}

fn inside(command: &str) -> String {
    let (_, rest) = command.split_once('<').expect("an address in brackets");
    rest.split_once('>').expect("an address in brackets").0.to_owned()
}
