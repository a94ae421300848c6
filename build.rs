//! Assembles `asm/*.S` and compiles the C half of the cgo scenarios, where this target has them.

use std::{env, path::Path};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(gohmap_asm)");
    println!("cargo::rerun-if-changed=asm");
    println!("cargo::rerun-if-env-changed=GOHMAP_PORTABLE");
    let target = |key| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let portable = env::var_os("CARGO_FEATURE_PORTABLE").is_some() || env::var_os("CARGO_CFG_MIRI").is_some();
    if portable || target("ARCH") != "x86_64" || target("OS") != "linux" || target("POINTER_WIDTH") != "64" {
        return;
    }
    println!("cargo::rustc-cfg=gohmap_asm");
    let mut build = cc::Build::new();
    // A panic may unwind through C that calls back.
    build.include("asm").flag("-g").flag("-fexceptions").flag("-Wa,--noexecstack").warnings(true);
    let mut files: Vec<_> = Path::new("asm")
        .read_dir()
        .expect("the asm folder")
        .map(|e| e.expect("an entry of asm").path())
        .filter(|p| p.extension().is_some_and(|x| x == "S" || x == "c"))
        .collect();
    files.sort();
    build.files(files).compile("gohmap_asm");
}
