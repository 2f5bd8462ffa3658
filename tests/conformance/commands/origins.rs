//! The status flavour `cymru`: where banned addresses come from, asked of a real name server in a namespace.

use super::place::{Place, Whose};
use super::{Line, by_our_client, by_their_client, tally};
use crate::ledger::Ledger;

const COMMANDS: &[&str] = &[
    "status one cymru",
    "set one banip 192.0.2.7 192.0.2.8 2001:db8::7 198.51.100.9 192.0.2.10 192.0.2.11",
    "set two banip 192.0.2.7 192.0.2.12 192.0.2.8",
    "set grown banip 192.0.2.13 192.0.2.7",
    "sleep 1",
    "status one cymru",
    "status two cymru",
    "status grown cymru",
    "set grown unbanip 192.0.2.13",
    "status grown cymru",
];

pub fn compare(ledger: &mut Ledger) {
    assert!(
        is_root(),
        "namespaces need root; apt-get install -y python3-dnspython iproute2 util-linux"
    );
    let lines: Vec<Line> = COMMANDS.iter().map(|text| Line::plain(text)).collect();
    let places = [Whose::Theirs, Whose::Ours, Whose::Theirs, Whose::Ours].map(Place::served_with_names_by);
    places.iter().for_each(Place::wait);
    let [own, bantam, theirs, both] = &places;
    let expected = by_their_client(own.folder(), &lines);
    let sixth = &expected[5].out;
    assert!(
        sixth.contains("64496, 64497") && sixth.contains("nxdomain") && sixth.contains("64519"),
        "the original knows nothing; needs: apt-get install -y python3-dnspython\n{sixth}"
    );
    let of_bantam = by_their_client(bantam.folder(), &lines);
    tally(
        ledger,
        "origins: their client, our server",
        &lines,
        &expected,
        &of_bantam,
    );
    tally(
        ledger,
        "origins: our client, their server",
        &lines,
        &expected,
        &by_our_client(theirs.folder(), &lines),
    );
    tally(
        ledger,
        "origins: our client, our server",
        &lines,
        &expected,
        &by_our_client(both.folder(), &lines),
    );
}

fn is_root() -> bool {
    let done = std::process::Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&done.stdout).trim() == "0"
}
