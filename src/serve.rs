//! Running the daemon in this process: `bantam server -f` and `bantam run` both end up here.
use crate::signals;
use bantam_conf::{Diagnostic, LoadOptions, Loaded, LogPattern, ServerOptions};
use bantam_daemon::log::Log;
use bantam_daemon::{LogGlob, Server, Setup};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// What to run.
pub struct Plan {
    /// The configuration's folder.
    pub base: PathBuf,
    /// How it is read.
    pub load: LoadOptions,
    /// Take over a socket that is already there.
    pub force: bool,
    /// Where the daemon speaks until the configuration says otherwise.
    pub log: Log,
    /// Called once the server answers and the configuration is in force.
    pub ready: Box<dyn FnOnce(&Server)>,
}

/// Exit status of a failure, as the original's.
pub const FAILED: u8 = 255;

/// Reads the configuration, runs the daemon, returns when it was asked to end.
pub fn serve(plan: Plan) -> ExitCode {
    let loaded = match bantam_conf::load(&plan.base, &plan.load) {
        Ok(loaded) => loaded,
        Err(diagnostics) => {
            show(&diagnostics);
            return ExitCode::from(FAILED);
        }
    };
    show(&loaded.diagnostics);
    speak_where_configured(&plan.log, &loaded.server);
    let (base, load) = (plan.base.clone(), plan.load.clone());
    let globs = move || {
        bantam_conf::load(&base, &load)
            .map(|loaded| globs_of(&loaded))
            .unwrap_or_default()
    };
    let setup = Setup {
        socket: PathBuf::from(&loaded.server.socket),
        pidfile: PathBuf::from(&loaded.server.pidfile),
        force: plan.force,
        log: plan.log,
        globs: Box::new(globs),
    };
    let server = match Server::start(setup) {
        Ok(started) => started,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let (reload_base, reload_load) = (plan.base, plan.load);
    let reread = move |server: &Server| match bantam_conf::load(&reload_base, &reload_load) {
        Ok(loaded) => {
            show(&loaded.diagnostics);
            show(&server.reload(&loaded.stream));
        }
        Err(diagnostics) => {
            server.refuse_reload(&diagnostics);
            show(&diagnostics);
        }
    };
    if let Err(error) = signals::listen(Arc::clone(&server), Arc::new(reread)) {
        eprintln!("error: cannot listen for signals: {error}");
        return ExitCode::from(FAILED);
    }
    let failed = server.execute(&loaded.stream);
    show(&failed);
    (plan.ready)(&server);
    server.run_to_end();
    ExitCode::SUCCESS
}

/// From the first word on. What cannot be used is told when the configuration is obeyed.
fn speak_where_configured(log: &Log, options: &ServerOptions) {
    log.set_syslog_socket(&options.syslogsocket);
    let _ = log.set_target(&options.logtarget);
    let _ = log.set_level(&options.loglevel);
}

/// Lines of `logpath` that can stand for files to come.
fn globs_of(loaded: &Loaded) -> Vec<LogGlob> {
    let glob = |line: &LogPattern| LogGlob {
        jail: line.jail.clone(),
        pattern: line.path.clone(),
        tail: line.tail == "tail",
    };
    loaded.globs.iter().filter(|line| line.is_pattern()).map(glob).collect()
}

/// Shows findings on stderr.
pub fn show(diagnostics: &[Diagnostic]) {
    let colour = std::io::stderr().is_terminal();
    for diagnostic in diagnostics {
        eprintln!("{}", diagnostic.render(colour));
    }
}
