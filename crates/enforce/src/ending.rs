//! A descriptor that becomes readable when a child has ended, to wait for it together with its output.
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use std::io;
use std::os::fd::OwnedFd;

/// The child must not have been reaped yet; it is not reaped by this.
pub(crate) fn exit_descriptor(child: Pid) -> io::Result<OwnedFd> {
    // Kernels before 5.3 and some containers' filters refuse it.
    pidfd_open(child, PidfdFlags::empty()).or_else(|_| exit_pipe(child))
}

/// The same with a thread that waits, and closes a pipe at the end.
fn exit_pipe(child: Pid) -> io::Result<OwnedFd> {
    let (reader, writer) = io::pipe()?;
    std::thread::Builder::new().name("wait".to_owned()).spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(child), options) {}
        drop(writer);
    })?;
    Ok(reader.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_ready(fd: &OwnedFd, seconds: i64) -> bool {
        let timeout = Timespec {
            tv_sec: seconds,
            tv_nsec: 0,
        };
        poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&timeout)).unwrap() > 0
    }

    #[test]
    fn either_descriptor_tells_the_end_of_a_child_and_not_before() {
        for descriptor in [exit_descriptor, exit_pipe] {
            let mut child = std::process::Command::new("cat")
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let ended = descriptor(Pid::from_child(&child)).unwrap();
            assert!(!is_ready(&ended, 0));
            drop(child.stdin.take());
            assert!(is_ready(&ended, 10));
            assert!(child.wait().unwrap().success());
        }
    }
}
