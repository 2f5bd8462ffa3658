//! Links the unwinder of libgcc into the program. As a shared library, which is how Rust links it otherwise, it would
//! have to be found, mapped and set up at each start, which takes longer than all that Bantam itself does to begin.

use std::path::Path;
use std::process::Command;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_ENV") != "gnu" || variable("HOST") != variable("TARGET") || !has_static_unwinder() {
        return Ok(());
    }
    // The linker takes this for the shared library that it is asked for, and what is named in it instead.
    let folder = variable("OUT_DIR");
    std::fs::write(Path::new(&folder).join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo:rustc-link-arg-bins=-L{folder}");
    Ok(())
}

/// Whether the compiler that links knows where it is.
fn has_static_unwinder() -> bool {
    let linker = std::env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    let told = Command::new(linker).arg("-print-file-name=libgcc_eh.a").output();
    told.is_ok_and(|told| {
        let path = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        Path::new(&path).is_absolute() && Path::new(&path).exists()
    })
}
