use super::*;
use std::collections::HashSet;

#[test]
fn the_built_in_ones_are_well_formed() {
    let all = built_in();
    assert!(all.len() >= 40, "{} experiments", all.len());
    let mut names = HashSet::new();
    for e in &all {
        assert!(names.insert(e.name.clone()), "{} is there twice", e.name);
        assert!(e.about.len() > 20 && !e.about.ends_with('.'), "{e}");
        assert!(e.expect.is_some(), "{e}: what is expected?");
    }
}

#[test]
fn errors_name_line_and_column() {
    let good = "[[experiment]]\nname = \"x\"\nabout = \"y\"\nsteps = [\"read 3\"]\n";
    assert_eq!(parse("f", good).expect("good").len(), 1);
    for (text, line, column, what) in [
        ("[[experiment]]\nname = 3\n", 2, 8, "invalid type"),
        ("[[experiment]\n", 1, 14, ""),
        ("x = 1\n", 1, 1, "unknown field"),
        ("", 1, 1, "no [[experiment]]"),
        ("[[experiment]]\nname = \"x\"\nabout = \"y\"\nsteps = [\"rad 3\"]\n", 4, 10, "no operation \"rad\""),
        ("[[experiment]]\nname = \"x\"\nabout = \"y\"\nsteps = [\"read\"]\n", 4, 10, "read needs a key"),
        ("[[experiment]]\nname = \"x\"\nabout = \"y\"\nmap = \"smal\"\nsteps = [\"len\"]\n", 4, 7, "no map \"smal\""),
        ("[[experiment]]\nname = \"x\"\nabout = \"y\"\n", 2, 8, "either steps or a script"),
    ] {
        let e = parse("f.toml", text).expect_err(text);
        assert_eq!((e.line, e.column), (line, column), "{e}");
        assert!(e.what.contains(what) && !e.what.contains('\n'), "{e}");
        assert!(e.to_string().starts_with(&format!("f.toml:{line}:{column}: ")), "{e}");
    }
    let fault = |f: &str| format!("{good}faults = [{f}]\n");
    let e = parse("f", &fault("{ at = \"evacuat\", target = \"header\", model = \"unmap\" }")).expect_err("at");
    assert_eq!((e.line, e.column), (5, 18), "{e}");
    let e = parse("f", &fault("{ step = 2, target = \"header\", model = \"unmap\" }")).expect_err("step");
    assert_eq!((e.line, e.column), (5, 20), "{e}");
}
