//! Where banned addresses come from, for the status flavour `cymru`: the network's number, its country and its
//! registry, asked of Team Cymru's mapping by DNS (TXT records below `origin.asn.cymru.com`).
use crate::log::{Log, Module};
use bantam_detect::Id;
use resolv_conf::Config;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE};
use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// One server may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// All servers together, for one question.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(10);
/// What is told of ids that are no addresses, and in place of what an answer leaves empty.
const UNKNOWN: &str = "unknown";

/// What became known, an entry for each address; shorter when an answer failed, after which nothing more is asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Numbers of networks.
    pub asn: Vec<String>,
    /// Countries.
    pub country: Vec<String>,
    /// Registries.
    pub rir: Vec<String>,
}

impl Origins {
    fn push(&mut self, [asn, country, rir]: [String; 3]) {
        self.asn.push(asn);
        self.country.push(country);
        self.rir.push(rir);
    }

    /// Asks the system's name servers.
    pub fn of(ids: &[Id], log: &Log) -> Self {
        Self::by(&servers(), ids, log)
    }

    fn by(servers: &[SocketAddr], ids: &[Id], log: &Log) -> Self {
        let mut origins = Self::default();
        for id in ids {
            let Id::Ip(address) = id else {
                origins.push([UNKNOWN; 3].map(str::to_owned));
                continue;
            };
            let name = name_of(*address);
            match ask(servers, &name) {
                Ok(Texts::Known(texts)) => match origin(&texts) {
                    Some(origin) => origins.push(origin),
                    None => {
                        log.error(
                            Module::Actions,
                            format!("Cymru's answer for {name} TXT is none: {texts:?}"),
                        );
                        break;
                    }
                },
                Ok(Texts::NoSuchName) => origins.push(["nxdomain"; 3].map(str::to_owned)),
                Err(error) => {
                    log.error(Module::Actions, format!("Asking Cymru for {name} TXT failed: {error}"));
                    break;
                }
            }
        }
        origins
    }
}

fn name_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.origin.asn.cymru.com")
        }
        IpAddr::V6(address) => {
            let digits: Vec<char> = address.octets().iter().flat_map(|byte| hex(*byte)).collect();
            let reversed: Vec<String> = digits.iter().rev().map(char::to_string).collect();
            format!("{}.origin6.asn.cymru.com", reversed.join("."))
        }
    }
}

fn hex(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'))
}

/// Number, country and registry out of `NUMBER | NETWORK | COUNTRY | REGISTRY | DATE`; several answers side by side.
fn origin(texts: &[String]) -> Option<[String; 3]> {
    let mut found: [BTreeSet<String>; 3] = Default::default();
    for text in texts {
        let fields: Vec<&str> = text
            .split('|')
            .map(|field| field.trim_matches(['\'', '"', ' ']))
            .collect();
        let [asn, _network, country, rir, _changed] = fields.as_slice() else {
            return None;
        };
        for (set, field) in found.iter_mut().zip([asn, country, rir]) {
            set.insert(if field.is_empty() { UNKNOWN } else { field }.to_owned());
        }
    }
    Some(found.map(|set| set.into_iter().collect::<Vec<_>>().join(", ")))
}

/// The system's name servers; the local one where none is written down.
fn servers() -> Vec<SocketAddr> {
    let config = std::fs::read("/etc/resolv.conf").unwrap_or_default();
    // What else is wrong in it is no reason not to ask.
    let (config, _) = Config::parse_with_errors(&config);
    let addresses: Vec<IpAddr> = config.nameservers.iter().map(IpAddr::from).collect();
    let addresses = if addresses.is_empty() {
        vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]
    } else {
        addresses
    };
    addresses
        .into_iter()
        .map(|address| SocketAddr::new(address, 53))
        .collect()
}

/// What a name server says.
enum Texts {
    Known(Vec<String>),
    NoSuchName,
}

/// The texts of a name, from the first server that knows.
fn ask(servers: &[SocketAddr], name: &str) -> Result<Texts, String> {
    let begun = Instant::now();
    let mut error = "no name server is known".to_owned();
    for server in servers {
        let left = PATIENCE_IN_ALL.saturating_sub(begun.elapsed()).min(PATIENCE);
        if left.is_zero() {
            break;
        }
        match ask_one(*server, name, left) {
            Ok(texts) => return Ok(texts),
            Err(why) => error = format!("{server}: {why}"),
        }
    }
    Err(error)
}

fn ask_one(server: SocketAddr, name: &str, patience: Duration) -> Result<Texts, String> {
    let said = |error: io::Error| error.to_string();
    // Nobody who cannot see the question can guess its number: it is hashed with a key of its own.
    let number = RandomState::new().hash_one(name) as u16;
    let mut query = Packet::new_query(number);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let question = Name::new(name).map_err(|error| error.to_string())?;
    let question = Question::new(question, QTYPE::TYPE(TYPE::TXT), CLASS::IN.into(), false);
    query.questions.push(question);
    let query = query.build_bytes_vec().map_err(|error| error.to_string())?;
    let short = by_datagram(server, &query, number, patience).map_err(said)?;
    match read(&short, number, name)? {
        Some(texts) => Ok(texts),
        None => {
            let whole = by_stream(server, &query, patience).map_err(said)?;
            read(&whole, number, name)?.ok_or_else(|| "the answer is cut short".to_owned())
        }
    }
}

fn by_datagram(server: SocketAddr, query: &[u8], number: u16, patience: Duration) -> io::Result<Vec<u8>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    socket.send(query)?;
    let deadline = Instant::now() + patience;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        let answer = buffer.get(..length).unwrap_or_default();
        // What answers another question is waited over.
        if answer.get(..2) == Some(&number.to_be_bytes()) {
            return Ok(answer.to_vec());
        }
    }
}

/// For answers that no datagram holds.
fn by_stream(server: SocketAddr, query: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let length = u16::try_from(query.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[length.to_be_bytes().as_slice(), query].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// What an answer says; none when it says that it was cut.
fn read(answer: &[u8], number: u16, name: &str) -> Result<Option<Texts>, String> {
    let packet = Packet::parse(answer).map_err(|error| format!("an answer that cannot be read: {error}"))?;
    let is_ours = packet.has_flags(PacketFlag::RESPONSE)
        && packet.id() == number
        && packet
            .questions
            .first()
            .is_some_and(|question| question.qname.to_string().eq_ignore_ascii_case(name));
    if !is_ours {
        return Err("an answer to another question".to_owned());
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(Some(Texts::NoSuchName)),
        code => return Err(format!("the name server answers {code:?}")),
    }
    let texts: Result<Vec<String>, String> = packet
        .answers
        .into_iter()
        .filter_map(|record| match record.rdata {
            RData::TXT(text) => Some(String::try_from(text).map_err(|error| error.to_string())),
            _ => None,
        })
        .collect();
    match texts? {
        texts if texts.is_empty() => Err("there is no text".to_owned()),
        texts => Ok(Some(Texts::Known(texts))),
    }
}
