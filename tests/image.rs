//! The image with a real Docker: built from the Dockerfile, started by compose.yaml with the guide's volumes, in front
//! of a container that publishes a port.
//!
//! Nothing is pulled: debootstrap makes the base, once; `cargo clean` makes it go. Engine, bridge, NAT and chains live
//! in a network namespace, so that the machine's own firewall is not touched.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

#[path = "image/docker.rs"]
mod docker;
mod lab;
#[path = "image/site.rs"]
mod site;

use docker::{Engine, base_tarball};
use jiff::{civil::DateTime, tz::TimeZone};
use lab::subject::JAIL;
use lab::{guide_files, require, succeed, traefik, wait_for};
use site::{ATTACKER, NEIGHBOUR, PLAIN, PUBLISHED, Site, WEB};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const BASE: &str = "debian:bookworm-slim";
const IMAGE: &str = "bantam:latest";
/// The container's name in the guide.
const NAME: &str = "fail2ban";
/// The jail of people who want a banned client kept away from their containers, header or not.
const STRICT: &str = "traefik-docker-user";

const NEEDED: [(&str, &str); 11] = [
    ("dockerd", "docker.io"),
    ("docker", "docker.io"),
    ("docker-compose", "docker-compose"),
    ("debootstrap", "debootstrap"),
    ("iptables", "iptables"),
    ("ip", "iproute2"),
    ("curl", "curl"),
    ("perl", "perl-base"),
    ("nsenter", "util-linux"),
    ("setpriv", "util-linux"),
    ("strip", "binutils"),
];

fn step(text: &str) {
    println!("- {text}");
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text_of(path: &Path) -> String {
    path.to_str().expect("a plain path").to_owned()
}

/// Builds the image as the Dockerfile says, around this build's binary.
fn build(engine: &Engine, store: &Path, builder: &str) {
    if !engine.try_docker(&["image", "inspect", BASE]).status.success() {
        step("importing the base");
        engine.docker(&["import", &text_of(&base_tarball(store)), BASE]);
    }
    let context = tempfile::tempdir().expect("a folder");
    let at = |name: &str| text_of(&context.path().join(name));
    std::fs::create_dir(at("deploy")).expect("a folder");
    for file in ["Dockerfile", ".dockerignore", "deploy/entrypoint.sh"] {
        std::fs::copy(source(file), at(file)).expect("copy");
    }
    succeed(Command::new("strip").args(["-o", &at("bantam"), env!("CARGO_BIN_EXE_bantam")]));
    let mut build = engine.command();
    build
        .env("DOCKER_BUILDKIT", builder)
        .args(["build", "--network=host", "--tag", IMAGE]);
    build.args(["--build-arg", "BINARY=bantam", "--build-arg", &format!("RUST={BASE}")]);
    succeed(build.arg(context.path()));
}

/// The guide's folders: its four files in the volume, and Traefik's log.
struct Volumes {
    dir: tempfile::TempDir,
}

impl Volumes {
    fn new() -> Self {
        let volumes = Volumes {
            dir: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir(volumes.at("logs")).expect("a folder");
        std::fs::write(volumes.log(), "").expect("the log");
        succeed(Command::new("cp").arg("-r").arg(guide_files()).arg(volumes.at("data")));
        volumes
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.at("logs/traefik.log")
    }
}

/// The running set-up.
struct Guide {
    engine: Engine,
    site: Site,
    volumes: Volumes,
}

impl Guide {
    fn compose(&self, words: &[&str]) {
        let mut compose = self.engine.compose();
        compose
            .arg("-f")
            .arg(source("compose.yaml"))
            .args(["-p", "guide"])
            .args(words);
        compose
            .env("BANTAM_DATA", self.volumes.at("data"))
            .env("TRAEFIK_LOGS", self.volumes.at("logs"));
        succeed(&mut compose);
    }

    /// What people type: a command of the client, in the container.
    fn client(&self, words: &[&str]) -> String {
        self.engine
            .docker(&[&["exec", NAME, "fail2ban-client"], words].concat())
    }

    fn said(&self) -> String {
        self.engine.logs(NAME)
    }

    fn is_banned(&self, jail: &str, client: &str) -> bool {
        let done = self
            .engine
            .try_docker(&["exec", NAME, "fail2ban-client", "get", jail, "banip"]);
        String::from_utf8_lossy(&done.stdout)
            .split_whitespace()
            .any(|known| known == client)
    }

    /// Rules that the guide's action makes for a client: one in each of two chains.
    fn guide_rules(&self, client: &str) -> (usize, usize) {
        let in_input = self.site.rules_with(&format!("-A INPUT -s {client}/32 -j DROP"));
        let by_header = self.site.rules().into_iter().filter(|rule| {
            rule.starts_with("-A DOCKER-USER ") && rule.contains(&format!("--string \"X-Forwarded-For: {client}\""))
        });
        (in_input, by_header.count())
    }

    /// Waits until the jail of the guide is up, whatever became of the container before.
    fn wait_until_up(&self) {
        wait_for("the jail is up", PATIENCE, || {
            self.engine
                .try_docker(&["exec", NAME, "fail2ban-client", "status", JAIL])
                .status
                .success()
        });
    }

    /// Says what ends the container, and how long that took.
    fn timed(&self, words: &[&str]) -> Duration {
        let begun = Instant::now();
        self.engine.docker(words);
        let took = begun.elapsed();
        step(&format!("docker {} took {took:.1?}", words.join(" ")));
        took
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- docker logs {NAME}\n{}", self.said());
        }
    }
}

fn set_up(store: &Path) -> Guide {
    let images = store.join("docker");
    let engine = Engine::start(&images, None);
    step("building the image");
    build(&engine, store, "1");
    // What earlier runs have built.
    engine.docker(&["image", "prune", "-f"]);
    engine.docker(&["builder", "prune", "-f", "--keep-storage", "1GB"]);
    engine.stop();

    step("a host, its Docker, and a container with a published port");
    let site = Site::new();
    let engine = Engine::start(&images, Some(&site.host));
    engine.docker(&[
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        &format!("{PUBLISHED}:80"),
        BASE,
        "perl",
        "-e",
        WEB,
        "80",
    ]);
    let guide = Guide {
        engine,
        site,
        volumes: Volumes::new(),
    };
    wait_for("the container's port answers", PATIENCE, || {
        guide.site.answers(ATTACKER, PUBLISHED, None)
    });

    step("docker-compose up");
    guide.compose(&["up", "-d"]);
    guide.wait_until_up();
    guide
}

fn the_flavour_and_the_variables_are_honoured(guide: &Guide) {
    step("flavour, variables, health");
    // Docker's own rules are in the flavour of the machine's iptables.
    let host = succeed(Command::new("iptables").arg("-V"));
    let flavour = if host.contains("(legacy)") { "legacy" } else { "nft" };
    let told = format!("bantam: using iptables-{flavour} (Docker's chains are in it)\n");
    assert!(guide.said().contains(&told), "{}", guide.said());
    assert_eq!(
        guide
            .engine
            .docker(&["exec", NAME, "iptables", "-V"])
            .contains("(legacy)"),
        host.contains("(legacy)")
    );
    assert!(guide.client(&["get", "dbpurgeage"]).contains("1209600seconds"));
    assert!(guide.client(&["get", "dbfile"]).contains("/data/db/fail2ban.sqlite3"));
    assert!(guide.volumes.at("data/db/fail2ban.sqlite3").exists());
    wait_for("the container is healthy", Duration::from_secs(30), || {
        guide.engine.inspect(NAME, "{{.State.Health.Status}}") == "healthy"
    });
}

/// The guide's own jail and action.
fn the_guides_ban_blocks_and_is_lifted(guide: &Guide) {
    step("the guide's action: the host's own ports, and requests that name the client to a container");
    let site = &guide.site;
    traefik::log(&guide.volumes.log(), ATTACKER, 404, 14, "/admin/{n}.php");
    let found = format!("Found {ATTACKER} ");
    wait_for("14 failures are found", PATIENCE, || {
        guide.said().matches(&found).count() == 14
    });
    assert!(!guide.is_banned(JAIL, ATTACKER));
    assert!(
        site.answers(NEIGHBOUR, PUBLISHED, Some(ATTACKER)),
        "nobody is banned yet"
    );

    traefik::log(&guide.volumes.log(), ATTACKER, 401, 1, "/login");
    wait_for("the ban", PATIENCE, || guide.guide_rules(ATTACKER) == (1, 1));
    assert!(
        guide.said().contains(&format!("NOTICE  [{JAIL}] Ban {ATTACKER}\n")),
        "{}",
        guide.said()
    );
    the_guides_ban_is_in_force(guide);
    said_in_berlins_time(&guide.said(), &format!("[{JAIL}] Ban {ATTACKER}"));

    step("lifted by docker exec");
    assert_eq!(guide.client(&["set", JAIL, "unbanip", ATTACKER]), "1");
    wait_for("the rules are gone", PATIENCE, || site.rules_with(ATTACKER) == 0);
    assert!(site.answers(NEIGHBOUR, PUBLISHED, Some(ATTACKER)));
    assert!(site.answers(ATTACKER, PLAIN, None) && site.answers(ATTACKER, PUBLISHED, None));

    step("the guide's test of its filter, and of the configuration");
    let filter = format!("/etc/fail2ban/filter.d/{JAIL}.conf");
    let tested = guide
        .engine
        .docker(&["exec", NAME, "fail2ban-regex", "/var/log/traefik/traefik.log", &filter]);
    assert!(
        tested.contains("Lines: 15 lines, 0 ignored, 15 matched, 0 missed"),
        "{tested}"
    );
    assert!(guide.client(&["-t"]).contains("OK: configuration test is successful"));
}

/// What the guide's two rules do, no more and no less.
fn the_guides_ban_is_in_force(guide: &Guide) {
    let site = &guide.site;
    assert!(
        !site.answers(NEIGHBOUR, PUBLISHED, Some(ATTACKER)),
        "a proxied request of the client reaches the container"
    );
    assert!(
        site.answers(NEIGHBOUR, PUBLISHED, Some(NEIGHBOUR)),
        "a proxied request of another client does"
    );
    assert!(
        !site.answers(ATTACKER, PLAIN, None),
        "the client reaches the host itself"
    );
    assert!(site.answers(NEIGHBOUR, PLAIN, None), "another client does");
    // A published port is no INPUT: this is how far the guide's rules go, with the original as with Bantam.
    assert!(
        site.answers(ATTACKER, PUBLISHED, None),
        "without the header, the container can still be reached"
    );
}

/// The log is said in the container's time zone.
fn said_in_berlins_time(said: &str, text: &str) {
    let line = said
        .lines()
        .find(|line| line.contains(text))
        .expect("the line is there");
    let time: DateTime = line[..19].parse().expect("a time");
    let now = jiff::Timestamp::now()
        .to_zoned(TimeZone::get("Europe/Berlin").expect("a time zone"))
        .datetime();
    assert!(
        now.duration_since(time).as_secs().abs() < 120,
        "{line} is not Berlin's time, {now}"
    );
}

/// A jail with Fail2ban's stock action in Docker's chain, added while all runs.
fn a_client_of_the_published_port_is_cut_off(guide: &Guide) {
    step("a jail with the stock action in DOCKER-USER, by reload");
    let site = &guide.site;
    let jail = format!(
        "[{STRICT}]\nenabled = true\nfilter = {JAIL}\nlogpath = /var/log/traefik/other.log\n\
         banaction = iptables-allports\nchain = DOCKER-USER\nmaxretry = 15\nfindtime = 60\nbantime = 600\n"
    );
    let log = guide.volumes.at("logs/other.log");
    std::fs::write(&log, "").expect("the log");
    std::fs::write(guide.volumes.at("data/jail.d/strict.local"), jail).expect("write a jail");
    assert_eq!(guide.client(&["reload"]), "OK");
    guide.client(&["status", STRICT]);
    assert!(site.answers(ATTACKER, PUBLISHED, None));

    traefik::log(&log, ATTACKER, 404, 15, "/wp-admin/{n}.php");
    wait_for("the client is cut off from the published port", PATIENCE, || {
        !site.answers(ATTACKER, PUBLISHED, None)
    });
    assert!(guide.is_banned(STRICT, ATTACKER));
    assert!(
        site.answers(NEIGHBOUR, PUBLISHED, None),
        "another client of the same network is not"
    );

    step("lifted by docker exec");
    assert_eq!(guide.client(&["set", STRICT, "unbanip", ATTACKER]), "1");
    wait_for("the client is back", PATIENCE, || {
        site.answers(ATTACKER, PUBLISHED, None)
    });
    assert_eq!(site.rules_with(ATTACKER), 0, "{:?}", site.rules());
}

/// Ends of the container, wanted and not.
fn bans_come_and_go_with_the_container(guide: &Guide) {
    step("stop, start, restart, kill");
    let site = &guide.site;
    guide.client(&["set", JAIL, "banip", ATTACKER]);
    guide.client(&["set", STRICT, "banip", ATTACKER]);
    let strict_rule = format!("-A f2b-{STRICT} -s {ATTACKER}/32 ");
    let in_force = || {
        guide.guide_rules(ATTACKER) == (1, 1)
            && site.rules_with(&strict_rule) == 1
            && !site.answers(ATTACKER, PUBLISHED, None)
    };
    wait_for("the bans", PATIENCE, in_force);
    // Of both jails, at each start.
    let restored = |times: usize| {
        let text = format!("Restore Ban {ATTACKER}\n");
        wait_for("the bans are taken up again", PATIENCE, || {
            guide.said().matches(&text).count() == 2 * times
        });
        wait_for("the bans are back, once", PATIENCE, in_force);
    };

    assert!(guide.timed(&["stop", NAME]) < Duration::from_secs(10));
    assert_eq!(guide.engine.inspect(NAME, "{{.State.ExitCode}}"), "0");
    assert_eq!(
        (site.rules_with(ATTACKER), site.rules_with("f2b-")),
        (0, 0),
        "{:?}",
        site.rules()
    );
    assert!(
        site.answers(ATTACKER, PUBLISHED, None),
        "a stopped container bans nobody"
    );

    guide.engine.docker(&["start", NAME]);
    restored(1);

    assert!(guide.timed(&["restart", NAME]) < Duration::from_secs(10));
    restored(2);

    // Killed from outside, it comes back by the compose file's restart policy; no rule stands twice.
    let pid = guide.engine.inspect(NAME, "{{.State.Pid}}");
    succeed(Command::new("kill").args(["-9", &pid]));
    restored(3);

    // An unban lifts one rule at each place: had any stood twice, one would be left.
    guide.wait_until_up();
    for jail in [JAIL, STRICT] {
        assert_eq!(guide.client(&["set", jail, "unbanip", ATTACKER]), "1");
    }
    wait_for("nothing is left of the bans", PATIENCE, || {
        site.rules_with(ATTACKER) == 0
    });
    guide.compose(&["down"]);
    assert_eq!(site.rules_with("f2b-"), 0, "{:?}", site.rules());
}

/// What the image says of itself where no guide's host is around it.
fn the_flavour_follows_the_host(engine: &Engine) {
    step("legacy rules, variables, the guide's commands");
    let run = |words: &[&str], script: &str| {
        let fixed = [
            "run",
            "--rm",
            "--network",
            "none",
            "--cap-add",
            "NET_ADMIN",
            "--entrypoint",
            "sh",
        ];
        engine.docker(&[&fixed[..], words, &[IMAGE, "-c", script]].concat())
    };
    let flavour = "bantam-entrypoint iptables -V";
    let told = run(&[], &format!("iptables-legacy -N DOCKER-USER && {flavour}"));
    assert_eq!(
        told,
        "bantam: using iptables-legacy (Docker's chains are in it)\niptables v1.8.9 (legacy)"
    );
    let told = run(
        &[],
        &format!("iptables-legacy -A INPUT -s 192.0.2.1 -j DROP && {flavour}"),
    );
    assert_eq!(
        told,
        "bantam: using iptables-legacy (the host has 1 rules in it, 0 in nft)\niptables v1.8.9 (legacy)"
    );
    let told = run(&[], flavour);
    assert_eq!(
        told,
        "bantam: using iptables-nft (the host has 0 rules in it, 0 in legacy)\niptables v1.8.9 (nf_tables)"
    );
    let told = run(&["-e", "IPTABLES_MODE=legacy"], flavour);
    assert_eq!(
        told,
        "bantam: using iptables-legacy (IPTABLES_MODE says so)\niptables v1.8.9 (legacy)"
    );
    assert_eq!(
        run(&["-e", "IPTABLES_MODE=fast"], &format!("{flavour} 2>&1; echo $?"))
            .lines()
            .last(),
        Some("2")
    );
    let told = run(&["-e", "F2B_LOG_LEVEL=DEBUG"], "bantam-entrypoint fail2ban-client -d");
    assert!(
        told.contains("['set', 'loglevel', 'DEBUG']") && told.contains("['set', 'dbpurgeage', '1d']"),
        "{told}"
    );
    // The tools that actions call.
    run(
        &[],
        "for tool in bash conntrack curl ip6tables ipset jq nft whois; do command -v $tool || exit 1; done",
    );
    // Somebody's own filter takes the place of the stock one, which comes back when it goes.
    let own = "bantam-entrypoint ls /data; echo '[Definition]' >/data/filter.d/sshd.conf; bantam-entrypoint true; \
               wc -l </etc/fail2ban/filter.d/sshd.conf; rm /data/filter.d/sshd.conf; bantam-entrypoint true; \
               test -s /etc/fail2ban/filter.d/sshd.conf -a ! -L /etc/fail2ban/filter.d/sshd.conf && echo back";
    let told = run(&[], own);
    assert!(told.contains("action.d\ndb\nfilter.d\njail.d\n"), "{told}");
    assert!(
        told.contains("/data/filter.d/sshd.conf stands in place of the stock one\n"),
        "{told}"
    );
    assert!(told.contains("\n1\n") && told.ends_with("back"), "{told}");
}

#[test]
fn the_guides_container_bans_a_client_of_a_published_port_and_docker_exec_lifts_it() {
    require(&NEEDED);
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image");
    std::fs::create_dir_all(&store).expect("a folder");
    // Two engines cannot share their images.
    let lock = std::fs::File::create(store.join("lock")).expect("a lock");
    lock.lock().expect("the lock");
    let guide = set_up(&store);
    the_flavour_and_the_variables_are_honoured(&guide);
    the_guides_ban_blocks_and_is_lifted(&guide);
    a_client_of_the_published_port_is_cut_off(&guide);
    bans_come_and_go_with_the_container(&guide);
    the_flavour_follows_the_host(&guide.engine);
}
