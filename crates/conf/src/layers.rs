//! Which files make up a configuration, in which order they are read, and how they are laid over each other.
//!
//! `NAME` stands for `NAME.conf`, `NAME.d/*.conf`, `NAME.local`, `NAME.d/*.local`, in this order; every file may
//! include others before and after itself.

use crate::Place;
use crate::budget::Budget;
use crate::findings::Problem;
use crate::ini::{self, IniFile, Section};
use crate::interpolate::{self, Missing, Vars};
use crate::python::is_word;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// The section that names other files.
pub(crate) const INCLUDES: &str = "INCLUDES";

/// Included files within included files; more is taken for a mistake.
const MAX_DEPTH: usize = 32;

/// Files that one `NAME` may be made of, each counted as often as it is included.
const MOST_INCLUDED: usize = 1000;

/// A longer file is none of configuration, and could fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// All layers of one `NAME`, laid over each other.
#[derive(Debug, Default, Clone)]
pub(crate) struct Config {
    pub(crate) defaults: Section,
    pub(crate) sections: IndexMap<String, Section>,
    /// What a key of a section said before a later file replaced it.
    pub(crate) known: HashMap<String, Section>,
    pub(crate) headers: HashMap<String, Place>,
    pub(crate) budget: Budget,
}

impl Config {
    /// Lays a file over what was read before.
    fn merge(&mut self, file: &IniFile) {
        for (key, value) in &file.defaults {
            self.defaults.insert(key.clone(), value.clone());
        }
        for (name, section) in &file.sections {
            let (name, condition) = split_condition(name).unwrap_or((name, ""));
            let keys = section.iter().map(|(key, value)| (format!("{key}{condition}"), value));
            match self.sections.get_mut(name) {
                Some(target) => {
                    let known = self.known.entry(name.to_owned()).or_default();
                    for (key, value) in keys {
                        if let Some(before) = target.insert(key.clone(), value.clone()) {
                            known.insert(key, before);
                        }
                    }
                }
                None => {
                    let section = keys.map(|(key, value)| (key, value.clone())).collect();
                    self.sections.insert(name.to_owned(), section);
                }
            }
        }
        for (name, place) in &file.headers {
            self.headers.entry(name.clone()).or_insert_with(|| place.clone());
        }
    }
}

/// `Init?family=inet6` as `("Init", "?family=inet6")`; the same for keys.
pub(crate) fn split_condition(name: &str) -> Option<(&str, &str)> {
    let at = name.find('?')?;
    let (base, condition) = name.split_at(at);
    let fits = !base.is_empty() && base.chars().all(is_word) && condition.len() > 1 && !condition.contains('\n');
    fits.then_some((base, condition))
}

/// What counts of an underlay: the files that come with the package. What an owner or a distribution has switched on
/// there (`jail.local`, `jail.d`) is another server's business.
fn is_stock(relative: &Path) -> bool {
    let mut parts = relative.components();
    let first = parts.next().map(|part| part.as_os_str().to_owned());
    match parts.next() {
        Some(_) => first.is_some_and(|folder| folder == "filter.d" || folder == "action.d"),
        None => relative.extension().is_some_and(|extension| extension == "conf"),
    }
}

/// Why a `NAME` could not be read.
#[derive(Debug, Clone)]
pub(crate) enum ReadError {
    /// There is no file of that name.
    NotFound,
    /// There are files, but they hold errors. What could be read of them is there all the same.
    Broken(Vec<Problem>, Rc<Config>),
}

/// The configuration's files. Each is read once.
#[derive(Debug)]
pub(crate) struct Files {
    base: PathBuf,
    underlay: Option<PathBuf>,
    parsed: HashMap<PathBuf, Option<Rc<IniFile>>>,
    configs: HashMap<String, Result<Rc<Config>, ReadError>>,
    /// Of all that is read.
    budget: Budget,
}

impl Files {
    pub(crate) fn new(base: &Path, underlay: Option<&Path>) -> Self {
        Files {
            base: base.to_owned(),
            underlay: underlay.map(Path::to_owned),
            parsed: HashMap::new(),
            configs: HashMap::new(),
            budget: Budget::default(),
        }
    }

    /// Where a path relative to the configuration stands: in the directory itself, else in the underlay.
    pub(crate) fn locate(&self, relative: &Path) -> Option<PathBuf> {
        let own = self.base.join(relative);
        if own.exists() {
            return Some(own);
        }
        if !is_stock(relative) {
            return None;
        }
        let below = self.underlay.as_ref()?.join(relative);
        below.exists().then_some(below)
    }

    /// The directory that stock files refer to as `%(fail2ban_confpath)s`.
    pub(crate) fn confpath(&self) -> String {
        let path = self.underlay.as_ref().unwrap_or(&self.base).to_string_lossy();
        path.trim_end_matches('/').to_owned()
    }

    /// Names of the files with one of the extensions in a folder of the configuration, without the extension.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for extension in ["conf", "local"] {
            names.extend(
                self.folder(folder, extension)
                    .into_iter()
                    .filter_map(|file| file.strip_suffix(&format!(".{extension}")).map(str::to_owned)),
            );
        }
        names.sort();
        names.dedup();
        names
    }

    /// File names in a folder, of the directory and the underlay together, sorted by code point.
    fn folder(&self, folder: &str, extension: &str) -> Vec<String> {
        let mut names = Vec::new();
        let below = self
            .underlay
            .as_ref()
            .filter(|_| is_stock(&Path::new(folder).join(format!("x.{extension}"))));
        for base in [Some(&self.base), below].into_iter().flatten() {
            let Ok(entries) = std::fs::read_dir(base.join(folder)) else {
                continue;
            };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let fits = name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.'));
                if fits && !name.starts_with('.') {
                    names.push(name);
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Reads all layers of `name` (`jail`, `filter.d/sshd`), once.
    pub(crate) fn read(&mut self, name: &str) -> Result<Rc<Config>, ReadError> {
        if let Some(known) = self.configs.get(name) {
            return known.clone();
        }
        let mut layers = vec![format!("{name}.conf")];
        for extension in ["conf", "local"] {
            let folder = format!("{name}.d");
            if extension == "local" {
                layers.push(format!("{name}.local"));
            }
            layers.extend(
                self.folder(&folder, extension)
                    .into_iter()
                    .map(|file| format!("{folder}/{file}")),
            );
        }
        let layers: Vec<PathBuf> = layers
            .iter()
            .filter_map(|layer| self.locate(Path::new(layer)))
            .collect();
        let config = if layers.is_empty() {
            Err(ReadError::NotFound)
        } else {
            self.read_layers(&layers)
        };
        self.configs.insert(name.to_owned(), config.clone());
        config
    }

    /// Reads one file with what it includes, and a `.local` beside it.
    pub(crate) fn read_single(&mut self, path: &Path) -> Result<Rc<Config>, ReadError> {
        self.read_layers(&[path.to_owned()])
    }

    fn read_layers(&mut self, layers: &[PathBuf]) -> Result<Rc<Config>, ReadError> {
        let mut problems = Vec::new();
        let mut order = Vec::new();
        self.expand(layers, &mut Vec::new(), &mut order, &mut problems);
        let mut config = self.empty();
        for path in &order {
            if let Some(file) = self.parse(path) {
                config.merge(&file);
                for problem in &file.problems {
                    if !problems.contains(problem) {
                        problems.push(problem.clone());
                    }
                }
            }
        }
        for layer in layers {
            if self.parse(layer).is_none() {
                let file: Arc<Path> = Arc::from(layer.as_path());
                problems.push(
                    Problem::new(
                        Some(Place {
                            file,
                            line: 1,
                            column: 1,
                        }),
                        1,
                        "this file can't be read",
                    )
                    .hint("check its kind and its permissions"),
                );
            }
        }
        if problems.is_empty() {
            Ok(Rc::new(config))
        } else {
            Err(ReadError::Broken(problems, Rc::new(config)))
        }
    }

    /// Writes to `order` the files with their includes around them, and each `X.local` behind its `X.conf`.
    fn expand(
        &mut self,
        files: &[PathBuf],
        parents: &mut Vec<PathBuf>,
        order: &mut Vec<PathBuf>,
        problems: &mut Vec<Problem>,
    ) {
        let mut all = Vec::new();
        for file in files {
            all.push(file.clone());
            let local = file.with_extension("local");
            if let Some(local) = self.beside(&local)
                && !files.contains(&local)
            {
                all.push(local);
            }
        }
        for path in all {
            let Some(file) = self.parse(&path) else {
                continue;
            };
            if parents.len() >= MAX_DEPTH {
                let anchor = Place {
                    file: Arc::from(path.as_path()),
                    line: 1,
                    column: 1,
                };
                problems.push(Problem::new(Some(anchor), 1, "files include each other too deeply"));
                continue;
            }
            parents.push(path.clone());
            let before = self.includes(&file, &path, "before", problems);
            self.expand_unseen(&before, parents, order, problems);
            order.push(path.clone());
            let after = self.includes(&file, &path, "after", problems);
            self.expand_unseen(&after, parents, order, problems);
            parents.pop();
        }
    }

    fn expand_unseen(
        &mut self,
        files: &[PathBuf],
        parents: &mut Vec<PathBuf>,
        order: &mut Vec<PathBuf>,
        problems: &mut Vec<Problem>,
    ) {
        for file in files {
            // A file that is being read further above would begin a circle. One that names itself is read twice,
            // as in the original.
            let above = parents.len().saturating_sub(1);
            if parents.iter().take(above).any(|parent| parent == file) {
                continue;
            }
            if order.len() >= MOST_INCLUDED {
                let anchor = Place {
                    file: Arc::from(file.as_path()),
                    line: 1,
                    column: 1,
                };
                let problem = Problem::new(Some(anchor), 1, "files include each other too often")
                    .hint("let each file be included once");
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
                return;
            }
            self.expand(std::slice::from_ref(file), parents, order, problems);
        }
    }

    /// Paths under one key of `[INCLUDES]`, as seen from the including file.
    fn includes(&self, file: &IniFile, path: &Path, key: &str, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
        if !file
            .sections
            .get(INCLUDES)
            .is_some_and(|section| section.contains_key(key) || file.defaults.contains_key(key))
        {
            return Vec::new();
        }
        let mut alone = self.empty();
        alone.merge(file);
        let value = match interpolate::get(&alone, INCLUDES, key, &Vars::default()) {
            Ok(value) => value,
            Err(Missing::Broken(problem)) => {
                problems.push(*problem);
                return Vec::new();
            }
            Err(Missing::NoSection | Missing::NoOption) => return Vec::new(),
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let named = value.as_str().split('\n').filter(|line| !line.is_empty());
        named
            .map(|line| folder.join(line))
            .map(|full| self.beside(&full).unwrap_or(full))
            .collect()
    }

    /// A file next to one of the directory or the underlay, looked for in both.
    fn beside(&self, path: &Path) -> Option<PathBuf> {
        let below = self
            .underlay
            .as_ref()
            .and_then(|underlay| path.strip_prefix(underlay).ok());
        let relative = path.strip_prefix(&self.base).ok().or(below);
        match relative {
            Some(relative) => self.locate(relative).filter(|found| found.is_file()),
            None => path.is_file().then(|| path.to_owned()),
        }
    }

    fn empty(&self) -> Config {
        Config {
            budget: self.budget.clone(),
            ..Config::default()
        }
    }

    /// A file's content; nothing when it can't be opened, or is a device or a pipe.
    fn parse(&mut self, path: &Path) -> Option<Rc<IniFile>> {
        if let Some(known) = self.parsed.get(path) {
            return known.clone();
        }
        let file = match std::fs::metadata(path) {
            Ok(data) if data.is_file() && data.len() > MAX_FILE => Some(Rc::new(too_large(path))),
            Ok(data) if data.is_file() => std::fs::read(path)
                .ok()
                .map(|bytes| Rc::new(ini::parse(&Arc::from(path), &bytes))),
            _ => None,
        };
        self.parsed.insert(path.to_owned(), file.clone());
        file
    }
}

fn too_large(path: &Path) -> IniFile {
    let place = Place {
        file: Arc::from(path),
        line: 1,
        column: 1,
    };
    let message = format!("this file has more than {} MiB", MAX_FILE >> 20);
    let problem = Problem::new(Some(place), 1, message)
        .hint("long lists of addresses go into files of their own: `ignoreip = file:PATH`");
    IniFile {
        problems: vec![problem],
        ..IniFile::default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A configuration of one file.
    pub(crate) fn config(text: &str) -> Config {
        let mut config = Config::default();
        config.merge(&ini::parse(&Arc::from(Path::new("f")), text.as_bytes()));
        config
    }

    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn trail(config: &Config) -> String {
        config.defaults["x"].as_str().to_owned()
    }

    #[test]
    fn a_file_of_the_directory_stands_for_the_one_of_the_same_name_below() {
        let dir = tempfile::tempdir().unwrap();
        let (own, below) = (dir.path().join("own"), dir.path().join("below"));
        write(
            &below,
            &[
                ("filter.d/a.conf", "[A]\nx=below\n"),
                ("filter.d/common.conf", "[DEFAULT]\nx=common\n"),
            ],
        );
        write(
            &own,
            &[("filter.d/a.conf", "[INCLUDES]\nbefore=common.conf\n[B]\ny=own\n")],
        );
        let config = Files::new(&own, Some(&below)).read("filter.d/a").unwrap();
        assert!(!config.sections.contains_key("A"));
        assert_eq!(trail(&config), "common");
    }

    #[test]
    fn what_is_switched_on_below_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let (own, below) = (dir.path().join("own"), dir.path().join("below"));
        write(
            &below,
            &[
                ("jail.conf", "[DEFAULT]\nx=stock\n"),
                ("jail.local", "[DEFAULT]\nx=local\n"),
                ("jail.d/on.conf", "[sshd]\nenabled=true\n"),
                ("jail.d/on.local", "[sshd]\nenabled=true\n"),
                ("fail2ban.conf", "[Definition]\nloglevel=INFO\n"),
                ("fail2ban.d/x.conf", "[Definition]\nloglevel=DEBUG\n"),
            ],
        );
        write(&own, &[("jail.d/own.conf", "[web]\nenabled=true\n")]);
        let mut files = Files::new(&own, Some(&below));
        let config = files.read("jail").unwrap();
        assert_eq!(trail(&config), "stock");
        assert_eq!(config.sections.keys().collect::<Vec<_>>(), ["web"]);
        let server = files.read("fail2ban").unwrap();
        assert_eq!(server.sections["Definition"]["loglevel"].as_str(), "INFO");
    }

    #[test]
    fn a_file_beyond_all_measure_is_an_error_and_a_device_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[("a.conf", "[INCLUDES]\nbefore = /dev/zero\n  big.conf\n[DEFAULT]\nx=a\n")],
        );
        let big = std::fs::File::create(dir.path().join("big.conf")).unwrap();
        big.set_len(MAX_FILE).unwrap();
        let problems = |files: &mut Files| match files.read("a") {
            Err(ReadError::Broken(problems, _)) => problems.into_iter().map(|problem| problem.message).collect(),
            _ => Vec::new(),
        };
        assert!(!problems(&mut Files::new(dir.path(), None)).contains(&"this file has more than 16 MiB".to_owned()));
        big.set_len(MAX_FILE + 1).unwrap();
        assert_eq!(
            problems(&mut Files::new(dir.path(), None)),
            ["this file has more than 16 MiB"]
        );
    }

    #[test]
    fn files_that_include_each_other_over_and_over_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let all = names.map(|name| format!("{name}.conf")).join("\n  ");
        for name in names {
            write(
                dir.path(),
                &[(&format!("{name}.conf"), &format!("[INCLUDES]\nbefore = {all}\n"))],
            );
        }
        match Files::new(dir.path(), None).read("a") {
            Err(ReadError::Broken(problems, _)) => {
                assert!(
                    problems
                        .iter()
                        .any(|problem| problem.message == "files include each other too often")
                );
                assert!(problems.len() <= names.len());
            }
            other => assert!(other.is_err(), "{other:?}"),
        }
    }

    #[test]
    fn files_that_include_each_other_are_read_once() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[
                ("a.conf", "[INCLUDES]\nbefore=b.conf\n[DEFAULT]\nx=a\n"),
                ("b.conf", "[INCLUDES]\nafter=a.conf\n[DEFAULT]\nx=b\n"),
            ],
        );
        assert_eq!(trail(&Files::new(dir.path(), None).read("a").unwrap()), "a");
    }
}
