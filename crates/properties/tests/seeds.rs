//! All inputs that are kept keep the promises: those that fuzzing begins with, and those that once broke one.

use bantam_properties::ALL;
use std::path::Path;
use std::time::{Duration, Instant};

/// Each takes a small part of it on a quiet machine.
const LONGEST: Duration = Duration::from_secs(20);

#[test]
fn every_kept_input_of_the_fuzz_targets_keeps_the_promises() -> std::io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let mut slow = Vec::new();
    for (target, property) in ALL {
        let mut inputs = 0;
        for entry in std::fs::read_dir(seeds.join(target))? {
            let path = entry?.path();
            let input = std::fs::read(&path)?;
            println!("{}", path.display());
            let start = Instant::now();
            property(&input);
            if start.elapsed() > LONGEST {
                slow.push(path);
            }
            inputs += 1;
        }
        assert!(inputs > 0, "{target} has no inputs");
    }
    assert_eq!(
        slow,
        Vec::<std::path::PathBuf>::new(),
        "these took longer than {LONGEST:?}"
    );
    Ok(())
}

#[test]
fn every_property_has_its_fuzz_target_and_the_other_way_round() -> std::io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(fuzz.join("fuzz_targets"))? {
        targets.extend(
            entry?
                .path()
                .file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    targets.sort();
    let mut known: Vec<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.sort();
    assert_eq!(targets, known);
    for (name, _) in ALL {
        let target = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs")))?;
        assert!(target.contains(&format!("bantam_properties::{name}(data)")), "{name}");
    }
    Ok(())
}
