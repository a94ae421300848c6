//! A Go that is none: what it builds are scripts. It shows that a real Go that differs would be noticed.

use super::gohmap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Says that it is go1.22.10, and builds each program as a script that prints what it is given.
fn toolchain(name: &str, prints: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let go = dir.join("bin/go");
    fs::create_dir_all(dir.join("bin")).expect("a folder");
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = version ]; then echo 'go version go1.22.10 linux/amd64'; exit; fi\n\
         while [ \"$1\" != -o ]; do shift; done\n\
         out=$2; mkdir -p \"$out\"; shift 2\n\
         for program; do\n\
         printf '#!/bin/sh\\necho \"%s\"\\n' '{prints}' > \"$out/$program\"; chmod +x \"$out/$program\"\n\
         done\n"
    );
    fs::write(&go, script).expect("a script");
    fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).expect("a command");
    dir
}

fn claim(go: &Path) -> (Option<i32>, String) {
    let args = ["claims", "--only", "locked-counting-is-exact", "--go-toolchain", go.to_str().expect("a path")];
    let out = gohmap(&args);
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn a_go_that_differs_is_noticed() {
    let (status, page) = claim(&toolchain("fake-same", "keys 64 sum 80000"));
    assert_eq!(status, Some(0), "{page}");
    assert!(page.contains("locked-counting-is-exact: holds; go1.22.10 agrees\n"), "{page}");

    let (status, page) = claim(&toolchain("fake-lost", "keys 64 sum 79999"));
    assert_eq!(status, Some(1), "{page}");
    for part in [
        "    + claims.locked: exit 0\n        keys 64 sum 80000\n      go1.22.10: exit 0\n        keys 64 sum 79999\n",
        "locked-counting-is-exact: holds; go1.22.10: does not hold\n",
        "locked-counting-is-exact  holds          DIFFERS\n",
        "0 of 1 agree with\ngo1.22.10.\n",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
}
