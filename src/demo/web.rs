//! A web server that logs as Traefik does (JSON), and the client that calls on it.
use socket2::{Domain, Socket, Type};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A client waits so long for a connection or an answer.
const PATIENCE: Duration = Duration::from_millis(600);

/// Starts the server on a free port; it lives as long as the process.
pub fn start(address: IpAddr, log: PathBuf) -> io::Result<u16> {
    let listener = TcpListener::bind((address, 0))?;
    let port = listener.local_addr()?.port();
    let mut log = OpenOptions::new().append(true).create(true).open(log)?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A broken visitor is nobody else's trouble.
            let _ = answer(stream, &mut log);
        }
    });
    Ok(port)
}

fn answer(stream: TcpStream, log: &mut File) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let peer = stream.peer_addr()?;
    let mut line = String::new();
    BufReader::new((&stream).take(4096)).read_line(&mut line)?;
    let path = line.split_whitespace().nth(1).unwrap_or("/");
    let status = if path == "/" { 200 } else { 404 };
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%9fZ");
    writeln!(
        log,
        r#"{{"ClientHost":"{}","DownstreamStatus":{status},"RequestHost":"demo.example","RequestMethod":"GET","RequestPath":"{path}","StartUTC":"{now}"}}"#,
        peer.ip()
    )?;
    (&stream).write_all(format!("HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())
}

/// One GET from an address of ours; the status of the answer.
pub fn request(from: IpAddr, to: IpAddr, port: u16, path: &str) -> io::Result<u16> {
    let socket = Socket::new(Domain::for_address(SocketAddr::new(to, port)), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect_timeout(&SocketAddr::new(to, port).into(), PATIENCE)?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: demo.example\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    line.split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP answer"))
}
