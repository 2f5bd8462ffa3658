//! Our command stream against the one of the installed original (`apt-get install fail2ban`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use bantam_conf::{LoadOptions, Severity};
use std::path::Path;
use support::{compare, copy, dump, lines, load, write};

/// A copy of the stock configuration with every jail enabled on an empty log.
fn stock(dir: &Path, extra: &str) -> Vec<String> {
    copy(Path::new("/etc/fail2ban"), dir);
    let log = dir.join("empty.log");
    std::fs::write(&log, "").unwrap();
    let text = std::fs::read_to_string(dir.join("jail.conf")).unwrap();
    let headers = text
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.split(']').next());
    let names: Vec<String> = headers
        .filter(|name| !["DEFAULT", "INCLUDES"].contains(name))
        .map(str::to_owned)
        .collect();
    let mut local = String::new();
    for name in &names {
        local.push_str(&format!(
            "[{name}]\nenabled = true\nlogpath = {}\n{extra}\n",
            log.display()
        ));
    }
    std::fs::write(dir.join("jail.local"), local).unwrap();
    names
}

#[test]
fn every_stock_jail_gives_the_same_commands() {
    let dir = tempfile::tempdir().unwrap();
    let names = stock(dir.path(), "");
    let loaded = compare("stock", dir.path());
    let started = loaded
        .stream
        .iter()
        .filter(|c| c.words.first().and_then(|w| w.as_str()) == Some("start"))
        .count();
    assert_eq!(started, names.len());
    assert!(started > 80);
    let noise: Vec<String> = loaded.diagnostics.iter().map(|finding| finding.render(false)).collect();
    assert_eq!(noise, Vec::<String>::new());
}

#[test]
fn every_stock_jail_on_the_journal_gives_the_same_commands() {
    let dir = tempfile::tempdir().unwrap();
    stock(dir.path(), "backend = systemd");
    compare("stock on the journal", dir.path());
}

#[test]
fn every_stock_action_gives_the_same_commands() {
    let dir = tempfile::tempdir().unwrap();
    copy(Path::new("/etc/fail2ban"), dir.path());
    std::fs::write(dir.path().join("empty.log"), "").unwrap();
    let mut names: Vec<String> = std::fs::read_dir(dir.path().join("action.d"))
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .strip_suffix(".conf")
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() > 50);
    let mut local = format!(
        "[DEFAULT]\nfilter = sshd\nenabled = true\nlogpath = {}/empty.log\n",
        dir.path().display()
    );
    for name in &names {
        local.push_str(&format!(
            "[a-{name}]\naction = {name}\n  {name}[name=two, port=\"1,2\", protocol=udp, x='a b']\n"
        ));
    }
    local.push_str(
        "[python]\naction = smtp.py[dest=\"a@b\", sendername='ü\"']\n  smtp.py[actname=second]\n  own.py[a=b]\n",
    );
    for stock in ["mwl", "mw", "xarf", "blocklist_de"] {
        local.push_str(&format!(
            "[v-{stock}]\naction = %(action_{stock})s\nblocklist_de_apikey = k\n"
        ));
    }
    // Stock jails stay off, so that the file above alone says what is compared.
    let conf = std::fs::read_to_string(dir.path().join("jail.conf")).unwrap();
    let conf = conf.split("\n[sshd]").next().unwrap();
    std::fs::write(dir.path().join("jail.conf"), conf).unwrap();
    std::fs::remove_dir_all(dir.path().join("jail.d")).unwrap();
    std::fs::write(dir.path().join("jail.local"), local).unwrap();
    compare("actions", dir.path());
}

#[test]
fn the_guide_on_stock_configuration_gives_the_same_commands() {
    let dir = tempfile::tempdir().unwrap();
    copy(Path::new("/etc/fail2ban"), dir.path());
    copy(&guide(), dir.path());
    std::fs::remove_file(dir.path().join("jail.d/defaults-debian.conf")).ok();
    let loaded = compare("guide", dir.path());
    assert_eq!(loaded.globs.len(), 1);
    assert_eq!(loaded.globs[0].path, "/var/log/traefik/traefik.log");
}

#[test]
fn the_guide_alone_gives_what_the_original_makes_of_it() {
    let dir = tempfile::tempdir().unwrap();
    copy(&guide(), dir.path());
    let loaded = load(dir.path(), &dump()).unwrap();
    // Since 1.1.0 the original refuses to go on without this file.
    write(dir.path(), &[("fail2ban.conf", "[Definition]\n")]);
    let theirs = support::original(dir.path());
    support::assert_same("guide alone", &lines(&loaded), &theirs);
}

#[test]
fn the_guide_over_an_underlay_reads_as_if_it_were_linked_into_it() {
    let dir = tempfile::tempdir().unwrap();
    let linked = dir.path().join("linked");
    copy(Path::new("/etc/fail2ban"), &linked);
    let stock = dir.path().join("stock");
    copy(Path::new("/etc/fail2ban"), &stock);
    // What the distribution switches on there is left out.
    std::fs::remove_dir_all(linked.join("jail.d")).unwrap();
    copy(&guide(), &linked);
    let options = LoadOptions {
        underlay: Some(stock),
        ..dump()
    };
    let over = load(&guide(), &options).unwrap();
    support::assert_same("underlay", &lines(&over), &lines(&load(&linked, &dump()).unwrap()));
    assert!(!lines(&over).contains(&"['start', 'sshd']".to_owned()));
}

fn guide() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/guide")
}

const SERVER: (&str, &str) = (
    "fail2ban.conf",
    "[DEFAULT]\ndbmaxmatches = 10\n[Definition]\nallowipv6 = auto\n",
);
const FILTER: (&str, &str) = ("filter.d/f.conf", "[Definition]\nfailregex = ^a <HOST>$\n");
const ACTION: (&str, &str) = ("action.d/a.conf", "[Definition]\nactionban = ban <ip> <name>\n");

fn tricky(what: &str, files: &[(&str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[SERVER, FILTER, ACTION]);
    write(dir.path(), files);
    let loaded = compare(what, dir.path());
    assert!(
        lines(&loaded).last().unwrap().starts_with("['start'"),
        "{what}: nothing was compared"
    );
}

#[test]
fn layers_are_read_in_the_same_order() {
    tricky(
        "layers",
        &[
            (
                "jail.conf",
                "[DEFAULT]\nbantime=1\nfindtime=1\nignoreip=1.1.1.1\nfilter=f\n[j]\nmaxretry=1\nfindtime=2\n[late]\n[Early]\nenabled=yes",
            ),
            ("jail.d/b.conf", "[j]\nmaxretry=2\nbantime.factor=b"),
            ("jail.d/a.conf", "[j]\nmaxretry=3\nbantime.factor=a"),
            ("jail.d/Z.conf", "[j]\nbantime.formula=Z"),
            ("jail.d/.hidden.conf", "[j]\nmaxretry=99"),
            ("jail.d/no.txt", "[j]\nmaxretry=98"),
            (
                "jail.local",
                "[DEFAULT]\nenabled=TRUE\nbantime=2\nfindtime=9\n[k]\nusedns=no\n[j]\nmaxretry=4",
            ),
            (
                "jail.d/c.local",
                "[j]\nmaxretry=5\nmaxmatches=%(known/maxretry)s\n[j2]\nfindtime=%(j/findtime)s\nbantime=%(default/findtime)s\nmaxretry=%(j/maxretry)s",
            ),
            (
                "fail2ban.d/x.conf",
                "[Definition]\nloglevel=DEBUG\n[Thread]\nstacksize=32",
            ),
            (
                "fail2ban.local",
                "[Definition]\ndbfile=:memory:\ndbmaxmatches=%(known/dbmaxmatches)s\nlogtarget=%(syslogsocket)sx\nsyslogsocket=100%%",
            ),
            (
                "filter.d/f.local",
                "[Definition]\nignoreregex=%(known/failregex)s local\nfailregex=%(known/failregex)s\n  b <HOST>",
            ),
            ("filter.d/f.d/x.conf", "[Definition]\ndatepattern=^%%Y"),
        ],
    );
}

#[test]
fn includes_are_read_in_the_same_order() {
    tricky(
        "includes",
        &[
            (
                "jail.conf",
                "[INCLUDES]\nbefore = one.conf\n  sub/two.conf\n\n  missing.conf\nafter = three.conf\n[DEFAULT]\nx=jail\nfilter=f\n[j]\nenabled=1\nmaxretry=5\nbantime=%(x)s0\nfindtime=%(one)s %(two)s",
            ),
            (
                "one.conf",
                "[INCLUDES]\nafter = jail.conf\n[DEFAULT]\none=1\nx=1\n[from-one]\nenabled=on",
            ),
            ("one.local", "[DEFAULT]\none=11"),
            ("sub/two.conf", "[INCLUDES]\nbefore=deep.conf\n[DEFAULT]\ntwo=%(deep)s2"),
            ("sub/deep.conf", "[DEFAULT]\ndeep=3"),
            ("missing.local", "[DEFAULT]\ntwo=77"),
            ("three.conf", "[DEFAULT]\nx=7"),
        ],
    );
}

#[test]
fn the_dialect_is_read_the_same() {
    tricky(
        "dialect",
        &[
            (
                "jail.conf",
                "# c\n; c\n[j]  trailing\nEnabled : yes ; inline\nFILTER=f\nignorecommand = a # kept ; cut;not\nignoreip = 1.1.1.1,2.2.2.2\n\t3.3.3.3 , ; cut\n # dropped\n\n   4.4.4.4\nignorecache=\n    key=\"x\" \n\n\nlogencoding = a=b:c\nbantime.formula: x = y\nbantime.overalljails = ON\nbantime.increment=2\nignoreself = ja\nmaxretry = +1_0\nfailregex = a\n b\n\n c\n",
            ),
            (
                "filter.d/f.conf",
                "[Definition]\r\nfailregex = \u{e4} <HOST>\r\n  ; no\r\n  tail ; cut\r\nx = 1\rdatepattern = {NONE}\r\n",
            ),
        ],
    );
}

#[test]
fn interpolation_is_the_same() {
    tricky(
        "interpolation",
        &[
            (
                "jail.conf",
                "[DEFAULT]\na=%(b)s\nb=%(__name__)s\nc=d\ncd=%%(x)s %%%%\nfilter=f[x=\"%(a)s\", y='%(fail2ban_confpath)s']\n[o]\nv=%(b)s!\n[j]\nenabled=true\nb=own\nignorecommand=%(A)s %(cd)s %(o/v)s %(o/c)s %(default/b)s\nlogencoding=%(known/ignoreregex)s|%(known/free)s|%(known/x)s|Fail2Ban/%(fail2ban_version)s\nfailregex=%(known/failregex)s\n  two <HOST>\nbackend=%(default/back)s\n[k]\nenabled=%(o/truth)s\nmaxretry=%(maxmatches)s\nmaxmatches=3\n[DEFAULT]\nback=polling\ntruth=yes\n",
            ),
            (
                "filter.d/f.conf",
                "[DEFAULT]\nd=default\n[other]\nz=Z%(d)s\n[Definition]\n_p=pre%(d)s%(x)s\nx=defx\nfailregex=^%(_p)s <x> <y> %(other/z)s <HOST>\n  ^<other/z> <_p> <Definition/x> <default/d> <nope>\nignoreregex = <free>\nfree = [%(__name__)s]<x>\n[Init]\nx=initx\ny=%(d)sy\n",
            ),
        ],
    );
}

#[test]
fn tags_and_init_are_resolved_the_same() {
    tricky(
        "tags",
        &[
            (
                "jail.conf",
                "[DEFAULT]\nfilter=f[mode=two]\nenabled=1\n[j]\naction = a\n a[name=j-x, v=arg, actname=n]\n a[name=other, blk='<known/blk>+', actionban=mine]\n[k]\nfilter=f\nbackend=systemd[journalflags=1]\naction=a[mode=<nomode>, norestored=1, actionstart_on_demand=no, timeout=5]\nbantime=77\n[l]\nfilter=f[logtype=short, Mode=X, maxlines=3]\nlogpath=/nonexistent\n[m]\nfilter=none\naction=none",
            ),
            (
                "filter.d/f.conf",
                "[lt_file]\nline=file:\n[lt_journal]\nline=journal:\n[lt_short]\nline=<line2>%(i)s\ni=I\n[Definition]\nline2=L2\nmode=one\nrx-one=1 <HOST>\nrx-two=<rx-one>\n  2 <F-ID>x</F-ID> <ip>\nprefregex=^<lt_<logtype>/line>\\s<F-CONTENT>.+</F-CONTENT>$\nfailregex=<rx-<mode>>\nmaxlines=2\nusedns=no\njournalmatch=_A=b + \"_C=d e\" 'f\\'\n  _G=h\\ i\n",
            ),
            ("filter.d/none.conf", "[other]\na=1\n"),
            ("action.d/none.conf", "[Init]\na=<b>\nb=<name>\n"),
            (
                "action.d/a.conf",
                "[INCLUDES]\nbefore=common.conf\n[Definition]\nactionstart = start <v> <known/v> <matches> <bantime> <timeout>\n   second <a-<b>>\nactionstart_on_demand = true\nactionban = <blk> <iptables> <ip> <bantime> <logpath> <nest>\nactionunban =\nactioncheck = %(actionban)s\nactionrepair_on_unban=nope\nnest = <v><name>\na-z = nested <v>\n[Init]\nv=init\nb=z\nblk=four\niptables=ipt <lock>\nlock=-w\nmode=m\n[Init?family=inet6]\nblk=six <v>\niptables=ip6t <lock>\n[Definition?family=inet6]\nactionflush=flush6\n",
            ),
            ("action.d/common.conf", "[Init]\nlock=none\ncommon=c\n"),
        ],
    );
}

#[test]
fn an_argument_holds_for_all_families_unless_one_is_passed_for_the_family() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            FILTER,
            (
                "action.d/a.conf",
                "[Definition]\nactionban=<t> <ip>\n[Init]\nt=four\n[Init?family=inet6]\nt=six\n",
            ),
            (
                "jail.local",
                "[DEFAULT]\nfilter=f\nenabled=1\n[i]\naction=a\n[j]\naction=a[t=arg]\n[k]\naction=a[t=arg, t?family=inet6=arg6]\n",
            ),
        ],
    );
    let got = lines(&load(dir.path(), &dump()).unwrap());
    for (jail, four, six) in [("i", "four", "six"), ("j", "arg", "arg"), ("k", "arg", "arg6")] {
        let command = got
            .iter()
            .find(|line| line.starts_with(&format!("['multi-set', '{jail}', 'action'")))
            .unwrap();
        assert!(command.contains(&format!("['t', '{four}']")), "{command}");
        assert!(command.contains(&format!("['t?family=inet6', '{six}']")), "{command}");
    }
}

#[test]
fn lists_and_arguments_are_read_the_same() {
    tricky(
        "arguments",
        &[(
            "jail.conf",
            "[DEFAULT]\nfilter=f\nenabled=1\n[j]\naction = a[x=1, y=\"p, q]\", z='\"',\n    w=a b ][ e=5][v-1.2=] a[actname=b]  a[actname='c'\n   ]\n\n  a[actname=d x=\"y\"]\n[k]\naction=a[x y]\n[l]\naction=a [x=1]\n[m]\nfilter=f[x=\"1\"2]\n[n]\nfilter=f[x\n[o]\naction=a[x=\"1]\n[p]\nfilter=nofilter\n[q]\naction=a[b=1,,c=2]\n[r]\naction=a[b=1] , a[c=d]e\n[s]\naction=noaction\n[good]\n",
        )],
    );
}

#[test]
fn log_files_are_named_the_same() {
    let logs = tempfile::tempdir().unwrap();
    for name in [
        "b.log",
        "a.log",
        "c.txt",
        ".h.log",
        "d1.log",
        "d2.log",
        "sub/x.log",
        "with space.log",
    ] {
        write(logs.path(), &[(name, "")]);
    }
    std::os::unix::fs::symlink("gone", logs.path().join("dangling.log")).unwrap();
    let base = logs.path().display();
    let jail = format!(
        "[DEFAULT]\nfilter=f\nenabled=1\n[j]\nlogpath={base}/*.log\n  {base}/*/?.log tail\n\n  {base}/c.txt head\n  {base}/d[12].log\n  {base}/with space.log\n  {base}/none*\n[k]\nbackend=systemd\nlogpath={base}/*\n[l]\nlogpath=\n[m]\nlogpath={base}/[!d]*.log\n"
    );
    tricky("logs", &[("jail.conf", &jail)]);
}

#[test]
fn broken_jails_are_skipped_with_the_same_words() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            SERVER,
            FILTER,
            ACTION,
            (
                "jail.conf",
                "[DEFAULT]\nenabled=1\nfilter=f\n[bad1]\nfilter=it's\n[bad2]\naction=a[x y]\n[bad3]\naction=nix\n[good]\naction=a\n",
            ),
        ],
    );
    let loaded = compare("broken jails", dir.path());
    let errors: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    assert_eq!(errors.len(), 3);
    let strict = LoadOptions { strict: true, ..dump() };
    assert_eq!(
        bantam_conf::load(dir.path(), &strict)
            .unwrap_err()
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count(),
        3
    );
}

#[test]
fn durations_are_those_of_the_original() {
    for text in [
        "1d12h",
        "1h30",
        "5M",
        "1d-1h",
        "1mo",
        "1y",
        "-1",
        "2 weeks 3",
        "1.5h",
        "7/2",
        "0",
        "3 sec",
    ] {
        let output = std::process::Command::new("fail2ban-client")
            .args(["--str2sec", text])
            .output();
        let output = output.expect("the original is needed as an oracle: apt-get install fail2ban");
        let theirs = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            bantam_conf::seconds_exact(text).unwrap().to_string(),
            theirs.trim(),
            "{text}"
        );
    }
}
