//! The `gohmap` command.
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    match a.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["crash", name] => run(name, gohmap::version::GoVersion::default()),
        ["crash", name, "--go", v] => run(name, v.parse().expect("a version")),
        _ => std::process::exit(64),
    }
}
fn run(name: &str, v: gohmap::version::GoVersion) {
    gohmap::lab::programs::become_program(gohmap::lab::programs::find(name).expect("a case"), v)
}
