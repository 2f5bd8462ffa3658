//! The demo's configuration: a jail, a filter and an action, as small as they come.
use super::place::{Firewall, Place};
use std::io;
use std::path::Path;

/// Writes the configuration and an empty log.
pub fn write(dir: &Path, place: &Place) -> io::Result<()> {
    for folder in ["jail.d", "filter.d", "action.d"] {
        std::fs::create_dir(dir.join(folder))?;
    }
    std::fs::write(dir.join("access.log"), "")?;
    std::fs::write(dir.join("jail.d/demo.local"), jail(dir))?;
    std::fs::write(dir.join("filter.d/demo.conf"), FILTER)?;
    std::fs::write(dir.join("action.d/demo.conf"), action(dir, place))
}

fn jail(dir: &Path) -> String {
    // Everybody in the demo has an address of this host.
    format!(
        "[demo]\nenabled = true\nfilter = demo\naction = demo\nlogpath = {}\nignoreself = false\nmaxretry = 8\n\
         findtime = 60\nbantime = 6\n",
        dir.join("access.log").display()
    )
}

const FILTER: &str = r#"[Definition]
failregex = ^\{"ClientHost":"<HOST>",.*"DownstreamStatus":40[134],
datepattern = "StartUTC":"%%Y-%%m-%%d[T]%%H:%%M:%%S\.%%f\d*%%z"
"#;

fn action(dir: &Path, place: &Place) -> String {
    let (start, ban, unban, stop) = match place.firewall {
        Firewall::Iptables => (
            "",
            "iptables -w -I INPUT -s <ip> -j DROP".to_owned(),
            "iptables -w -D INPUT -s <ip> -j DROP".to_owned(),
            "",
        ),
        Firewall::Nftables => (
            "nft 'add table inet demo; add set inet demo banned { type ipv4_addr; }; \
             add chain inet demo in { type filter hook input priority 0; }; add rule inet demo in ip saddr @banned drop'",
            "nft 'add element inet demo banned { <ip> }'".to_owned(),
            "nft 'delete element inet demo banned { <ip> }'".to_owned(),
            "nft delete table inet demo",
        ),
        Firewall::Printed => {
            let note = |flag| {
                format!(
                    "echo iptables -w -{flag} INPUT -s '<ip>' -j DROP >> {}",
                    dir.join("commands").display()
                )
            };
            ("", note("I"), note("D"), "")
        }
    };
    format!("[Definition]\nactionstart = {start}\nactionban = {ban}\nactionunban = {unban}\nactionstop = {stop}\n")
}
