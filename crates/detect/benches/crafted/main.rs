//! Looks for the line that keeps a stock filter busy the longest.
//!
//! `cargo bench -p bantam-detect --bench crafted [-- FILTER...]` takes every filter of `/etc/fail2ban/filter.d` in every
//! mode, as the daemon loads it, makes lines to trouble it (see `lines`), and prints the worst for each length:
//! processor time of `Filter::process`, after the filter has seen the line before. `--honest [FILE...]` measures the
//! sample logs as they are instead, and with files these, for the filters named. `--found BYTES` tells how many of all
//! these lines, made so long, name somebody, how many of the others were given up, and what the ones that name somebody
//! cost; with `--list` each of them. Nothing is asserted: times are the machine's.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a benchmark")]

mod lines;
mod stock;

use bantam_detect::{Failure, LineContext, Note, Resolver, Time};
use std::net::IpAddr;
use std::time::Duration;
use stock::Subject;

/// Bytes of the lines.
const LENGTHS: [usize; 4] = [1_000, 8_000, 64_000, 1_000_000];
/// All lines are tried in this length.
const FIRST: usize = 8_000;
/// The worst of these are tried in the others.
const KEPT: usize = 40;

fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).filter(|name| name != "--bench").collect();
    let honest = names.iter().position(|name| name == "--honest");
    if let Some(at) = honest {
        names.remove(at);
        return measure_honest(&names);
    }
    if let Some(at) = names.iter().position(|name| name == "--found") {
        let bytes = names.get(at + 1).and_then(|bytes| bytes.parse().ok());
        names.drain(at..names.len().min(at + 2));
        return count_found(bytes.expect("--found BYTES"), &mut names);
    }
    println!(
        "{:<34}{:>10}{:>10}{:>10}{:>10}   worst at 64 KB, at 1 MB",
        "ms of", 1_000, 8_000, 64_000, 1_000_000
    );
    let mut all = [Duration::ZERO; LENGTHS.len()];
    for mut subject in stock::subjects(&names) {
        let worst = search(&mut subject);
        print!("{:<34}", subject.name);
        for (found, most) in worst.iter().zip(&mut all) {
            *most = found.time.max(*most);
            let mark = if found.limits > 0 { '!' } else { ' ' };
            print!("{:>9.3}{mark}", found.time.as_secs_f64() * 1e3);
        }
        println!("   {}   1 MB: {}", worst[2].how, worst[3].how);
    }
    print!("{:<34}", "worst of all");
    for most in all {
        print!("{:>9.3} ", most.as_secs_f64() * 1e3);
    }
    println!("\n\n! an expression was given up on the line, and this is noted");
}

/// The worst line of a length.
#[derive(Debug, Clone, Default)]
struct Worst {
    time: Duration,
    limits: usize,
    how: String,
}

fn search(subject: &mut Subject) -> Vec<Worst> {
    let recipes = lines::recipes(subject);
    let mut tried: Vec<(Duration, usize)> = Vec::new();
    for (index, recipe) in recipes.iter().enumerate() {
        let (time, ..) = measure(subject, &recipe.line(FIRST), 2);
        tried.push((time, index));
    }
    tried.sort_unstable_by(|a, b| b.cmp(a));
    let spread = tried.len().div_ceil(KEPT).max(1);
    let mut chosen: Vec<usize> = tried.iter().take(KEPT).map(|(_, index)| *index).collect();
    chosen.extend(tried.iter().skip(KEPT).step_by(spread).map(|(_, index)| *index));
    LENGTHS
        .iter()
        .map(|&length| {
            let mut worst = Worst::default();
            for &index in &chosen {
                let line = recipes[index].line(length);
                let (time, limits) = measure(subject, &line, 2);
                if time > worst.time {
                    // What a busy machine does once does not count.
                    let (again, _) = measure(subject, &line, 10);
                    let time = time.min(again);
                    if time > worst.time {
                        worst = Worst {
                            time,
                            limits,
                            how: recipes[index].how.clone(),
                        };
                    }
                }
            }
            worst
        })
        .collect()
}

/// The shortest time of some, an honest line standing before each, and how many expressions were given up.
fn measure(subject: &mut Subject, line: &[u8], times: usize) -> (Duration, usize) {
    let honest = subject.samples.first().cloned().unwrap_or_default();
    process(subject, line);
    (0..times)
        .map(|_| {
            process(subject, &honest);
            process(subject, line)
        })
        .min()
        .unwrap_or_default()
}

fn process(subject: &mut Subject, line: &[u8]) -> (Duration, usize) {
    let (time, limits, _) = process_and_tell(subject, line);
    (time, limits)
}

/// The time that a line takes, how many expressions were given up on it, and whom it names.
fn process_and_tell(subject: &mut Subject, line: &[u8]) -> (Duration, usize, Vec<Failure>) {
    let mut context = LineContext {
        now: Time::from_secs_f64(1_795_000_000.0),
        in_operation: true,
        findtime: Some(600.0),
        resolver: &mut Nobody,
    };
    let mut failures: Vec<Failure> = Vec::new();
    let mut notes = Vec::new();
    let begin = thread_time();
    subject.filter.process(line, &mut context, &mut failures, &mut notes);
    let time = thread_time().saturating_sub(begin);
    let limits = notes.iter().filter(|note| matches!(note, Note::Limit { .. })).count();
    (time, limits, failures)
}

/// How many lines of a length name somebody.
fn count_found(bytes: usize, names: &mut Vec<String>) {
    let list = names.iter().position(|name| name == "--list");
    if let Some(at) = list {
        names.remove(at);
    }
    println!(
        "{:<34}{:>8}{:>8}{:>10}{:>10}{:>10}",
        "lines of", "all", "found", "given up", "ms: most", "mean"
    );
    let mut sums = (0, 0, 0);
    for mut subject in stock::subjects(names) {
        let (mut found, mut given_up, mut times) = (0, 0, Vec::new());
        let recipes = lines::recipes(&subject);
        for recipe in &recipes {
            let line = recipe.line(bytes);
            process(&mut subject, &line);
            let (time, limits, failures) = process_and_tell(&mut subject, &line);
            if !failures.is_empty() {
                found += 1;
                times.push(time);
                if list.is_some() {
                    let ids: Vec<String> = failures.iter().map(|failure| failure.id.to_string()).collect();
                    println!("{} {} {}", subject.name, ids.join(" "), recipe.how);
                }
            } else if limits > 0 {
                given_up += 1;
            }
        }
        let most = times.iter().max().copied().unwrap_or_default();
        let mean = times.iter().sum::<Duration>() / u32::try_from(times.len().max(1)).unwrap();
        println!(
            "{:<34}{:>8}{found:>8}{given_up:>10}{:>10.3}{:>10.3}",
            subject.name,
            recipes.len(),
            most.as_secs_f64() * 1e3,
            mean.as_secs_f64() * 1e3,
        );
        sums = (sums.0 + recipes.len(), sums.1 + found, sums.2 + given_up);
    }
    println!("{:<34}{:>8}{:>8}{:>10}", "all", sums.0, sums.1, sums.2);
}

/// What lines as they are cost: the sample logs with their filters, or files with the filters named.
fn measure_honest(names: &[String]) {
    let (files, filters): (Vec<String>, Vec<String>) = names.iter().cloned().partition(|name| name.contains('/'));
    println!(
        "{:<34}{:>10}{:>10}{:>8}{:>9}",
        "us of", "costliest", "mean", "lines", "given up"
    );
    for mut subject in stock::subjects(&filters) {
        let lines: Vec<Vec<u8>> = match files.as_slice() {
            [] => subject.samples.clone(),
            files => files.iter().flat_map(|file| stock::lines_of(file.as_ref())).collect(),
        };
        let mut times = Vec::new();
        let mut limits = 0;
        let mut costliest: &[u8] = &[];
        for round in 0..3 {
            for (index, line) in lines.iter().enumerate() {
                let (time, given_up) = process(&mut subject, line);
                limits += given_up;
                match round {
                    0 => times.push(time),
                    _ => times[index] = times[index].min(time),
                }
            }
        }
        let most = times.iter().enumerate().max_by_key(|(_, time)| **time);
        let Some((index, most)) = most else { continue };
        costliest = lines.get(index).map_or(costliest, Vec::as_slice);
        let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap();
        println!(
            "{:<34}{:>10.1}{:>10.1}{:>8}{:>9}   {}",
            subject.name,
            most.as_secs_f64() * 1e6,
            mean.as_secs_f64() * 1e6,
            times.len(),
            limits,
            String::from_utf8_lossy(&costliest[..costliest.len().min(100)])
        );
    }
}

/// What this thread has used; other work of the machine does not count.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

struct Nobody;

impl Resolver for Nobody {
    fn addresses(&mut self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}
