//! Access-log lines as Traefik writes them (JSON, v3 behind TLS, user agent kept).
use jiff::{Timestamp, tz::TimeZone};
use std::io::Write;
use std::path::Path;

/// One request as it is logged.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub client: &'a str,
    pub status: u16,
    pub path: &'a str,
}

/// The line of a request that happened now.
pub fn line(request: Request<'_>) -> String {
    let now = Timestamp::now();
    let utc = now.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string();
    let zoned = now.to_zoned(TimeZone::system());
    let (local, time) = (
        zoned.strftime("%Y-%m-%dT%H:%M:%S.%9f%:z").to_string(),
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    );
    let Request { client, status, path } = request;
    let address = if client.contains(':') {
        format!("[{client}]:40000")
    } else {
        format!("{client}:40000")
    };
    format!(
        r#"{{"ClientAddr":"{address}","ClientHost":"{client}","ClientPort":"40000","ClientUsername":"-","DownstreamContentSize":19,"DownstreamStatus":{status},"Duration":1093000,"OriginContentSize":19,"OriginDuration":1000000,"OriginStatus":{status},"Overhead":93000,"RequestAddr":"cloud.example.org","RequestContentSize":0,"RequestCount":1,"RequestHost":"cloud.example.org","RequestMethod":"GET","RequestPath":"{path}","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"cloud@docker","ServiceAddr":"172.18.0.5:80","ServiceName":"cloud@docker","ServiceURL":"http://172.18.0.5:80","StartLocal":"{local}","StartUTC":"{utc}","TLSCipher":"TLS_AES_128_GCM_SHA256","TLSVersion":"1.3","entryPointName":"websecure","level":"info","msg":"","request_User-Agent":"curl/8.5.0","time":"{time}"}}"#
    )
}

/// Appends the lines of so many requests of a client.
pub fn log(file: &Path, client: &str, status: u16, count: usize, path: &str) {
    let mut out = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .expect("open the access log");
    for number in 0..count {
        let path = path.replace("{n}", &number.to_string());
        let text = line(Request {
            client,
            status,
            path: &path,
        });
        writeln!(out, "{text}").expect("write the access log");
    }
}
