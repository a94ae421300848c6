//! A Go program that is looked at from outside: a live process or a core, with its binary.

use super::binary::Binary;
use super::core::{Core, entry_of};
use super::descriptor;
use super::dwarf::{Shape, TypeRef};
use super::fsck::{Report, check};
use super::memory::{Memory, Unreadable, word_of};
use super::process::{Process, read_of};
use super::snapshot::Snapshot;
use crate::hash::{Algorithm, HashKey, KeySchedule};
use crate::heap::HeapConfig;
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::{GoType, MapType};
use crate::version::GoVersion;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Copies of a map that a running process changes meanwhile, before that is given up.
const TRIES: usize = 50;

#[derive(Debug)]
enum Source {
    Process(Process),
    Core(PathBuf, Core),
}

/// A write takes no longer than this, but for growths and waiting for a processor.
const WRITE: Duration = Duration::from_millis(1);

/// A program, with all that its maps hash with.
#[derive(Debug)]
pub struct Target {
    source: Source,
    binary: Binary,
    /// How far the program has been moved from where its binary says.
    slide: u64,
    stopped: bool,
    /// `runtime.buildVersion`.
    pub build: String,
    version: Option<GoVersion>,
    /// The program's module and those that it depends on; none when it was built without modules.
    modules: Vec<String>,
    rt: Arc<Runtime>,
    /// Types by the address of their descriptor, as far as they have been asked for.
    types: Mutex<HashMap<u64, Option<GoType>>>,
}

/// A map that has been found.
pub struct Found {
    /// What it was asked for by.
    pub name: String,
    /// The name of its type.
    pub type_name: String,
    /// Its type.
    pub t: MapType,
    /// Address of its header; 0 for a nil map.
    pub h: u64,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Process(p) => write!(f, "process {}", p.pid),
            Source::Core(path, _) => write!(f, "core {}", path.display()),
        }
    }
}

impl Target {
    /// A live process, by default with the binary that it runs; `stop`: as long as this value lives, it does not run.
    ///
    /// # Errors
    /// In one line, with what to do about it.
    pub fn process(pid: i32, exe: Option<&Path>, stop: bool) -> Result<Self, String> {
        let process = Process::new(pid)?;
        let entry =
            entry_of(&process.auxv()?).ok_or_else(|| format!("process {pid} has exited, or is a kernel's thread"))?;
        let binary = Binary::open(exe.unwrap_or(&process.exe()))?;
        if stop {
            process.stop()?;
        }
        Self::new(Source::Process(process), binary, Some(entry), stop)
    }

    /// A core, with the binary of the program that left it.
    ///
    /// # Errors
    /// In one line, with what to do about it.
    pub fn core(path: &Path, exe: &Path) -> Result<Self, String> {
        let core = Core::open(path)?;
        let (binary, entry) = (Binary::open(exe)?, core.entry);
        Self::new(Source::Core(path.to_owned(), core), binary, entry, true)
    }

    fn new(source: Source, binary: Binary, entry: Option<u64>, stopped: bool) -> Result<Self, String> {
        let slide = entry.map_or(0, |e| e.wrapping_sub(binary.entry));
        let shown = binary.path().display().to_string();
        let rt = Runtime::new(RuntimeConfig { heap: HeapConfig::default(), ..RuntimeConfig::default() });
        let (build, modules, types) = (String::new(), Vec::new(), Mutex::default());
        let mut this = Self { source, binary, slide, stopped, build, version: None, modules, rt, types };
        if !slide.is_multiple_of(4096) {
            return Err(format!("{shown} is not the program of {this}: its entry point is somewhere else"));
        }
        let wrong = |e: Unreadable| match e {
            Unreadable::Target(why) => why,
            Unreadable::At { .. } => {
                format!("{shown} is not the program of this process or core: name its binary with --exe")
            }
        };
        let version = this.variable("runtime.buildVersion")?;
        this.build = this.string(version, 256).map_err(wrong)?;
        if !this.build.starts_with("go1") && !this.build.starts_with("devel") {
            return Err(format!("{shown} is not the program of {this}: name its binary with --exe"));
        }
        let number = this.build.split([' ', '-']).next().unwrap_or_default().to_owned();
        let classic = number.parse().or_else(|_| format!("{number}-noswiss").parse());
        this.version = classic.ok();
        let algorithm = match this.variable("runtime.useAeshash").and_then(|at| this.bytes(at, 1).map_err(wrong)) {
            Ok(aes) if aes[0] != 0 => Algorithm::Aes,
            Ok(_) => Algorithm::Fallback,
            Err(e) => return Err(e),
        };
        let mut keys = [0; 128];
        this.read(this.variable("runtime.aeskeysched")?, &mut keys).map_err(wrong)?;
        let hashkey = this.bytes(this.variable("runtime.hashkey")?, 32).map_err(wrong)?;
        this.rt = Runtime::new(RuntimeConfig {
            version: this.version.unwrap_or_default(),
            keys: Some(KeySchedule(keys)),
            hash: algorithm,
            hashkey: Some(HashKey(std::array::from_fn(|i| word_of(&hashkey, 8 * i)))),
            ..RuntimeConfig::default()
        });
        if let Ok(info) = this.variable("runtime.modinfo") {
            this.modules = modules_of(&this.string(info, 1 << 20).map_err(wrong)?);
        }
        Ok(this)
    }

    /// The string in a variable, up to so many bytes.
    fn string(&self, at: u64, most: u64) -> Result<String, Unreadable> {
        let header = self.bytes(at, 16)?;
        let text = self.bytes(word_of(&header, 0), word_of(&header, 8).min(most) as usize)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Where a variable of the runtime is in the program.
    fn variable(&self, name: &str) -> Result<u64, String> {
        let at = self.binary.symbol(name).or_else(|| {
            let of_name = |v: &&super::dwarf::Variable| v.name == name;
            self.binary.dwarf.variables.iter().find(of_name).map(|v| v.addr)
        });
        at.map(|at| at.wrapping_add(self.slide))
            .ok_or_else(|| format!("{} has no {name}: it is no Go program, or stripped", self.binary.path().display()))
    }

    /// The map variables of all packages but the runtime's and the standard library's own: name and type, in order.
    #[must_use]
    pub fn variables(&self) -> Vec<(&str, String)> {
        let dwarf = &self.binary.dwarf;
        let own = |name: &str| {
            let package = name.rsplit_once('.').map_or("", |p| p.0);
            let within =
                |m: &String| package.strip_prefix(m.as_str()).is_some_and(|p| p.is_empty() || p.starts_with('/'));
            // Without modules: an import path that is not the standard library's begins with a host's name.
            let host = || package.split_once('/').is_some_and(|(host, _)| host.contains('.'));
            package == "main" || self.modules.iter().any(within) || (self.modules.is_empty() && host())
        };
        let is_map = |ty| matches!(dwarf.shape(ty), Ok(Shape::Map(..)));
        let all = dwarf.variables.iter().filter(|v| own(&v.name) && is_map(v.ty));
        all.map(|v| (v.name.as_str(), dwarf.type_name(v.ty))).collect()
    }

    /// The map that a path leads to: a variable with its package, then fields of structs and elements of arrays and slices,
    /// through pointers where there are some (`main.server.shards[3].sessions`).
    ///
    /// # Errors
    /// In one line: no such variable, field or element, a nil pointer on the way, no map, a Swiss map.
    pub fn find(&self, path: &str) -> Result<Found, String> {
        let variables = &self.binary.dwarf.variables;
        let leads = |name: &str| path == name || (path.starts_with(name) && path[name.len()..].starts_with(['.', '[']));
        let Some(v) = variables.iter().filter(|v| leads(&v.name)).max_by_key(|v| v.name.len()) else {
            let near = self.variables();
            let near = near.iter().map(|(n, _)| (strsim::damerau_levenshtein(path, n), *n)).min();
            let hint = near.filter(|(d, _)| *d <= 4).map_or(String::new(), |(_, n)| format!("; did you mean {n}?"));
            return Err(format!(
                "no variable {path} in {}{hint} (variables that nobody uses are left out by the linker)",
                self.binary.path().display()
            ));
        };
        let (mut at, mut ty) = (v.addr.wrapping_add(self.slide), v.ty);
        let mut rest = &path[v.name.len()..];
        while !rest.is_empty() {
            (at, ty) = self.through_pointers(path, at, ty)?;
            if let Some(field) = rest.strip_prefix('.') {
                let (field, tail) = field.split_at(field.find(['.', '[']).unwrap_or(field.len()));
                (at, ty) = self.field(path, at, ty, field)?;
                rest = tail;
            } else {
                let index = rest.strip_prefix('[').and_then(|r| r.split_once(']'));
                let (index, tail) = index
                    .and_then(|(i, tail)| Some((i.parse().ok()?, tail)))
                    .ok_or_else(|| format!("{path}: {rest} is neither .FIELD nor [NUMBER]"))?;
                (at, ty) = self.element(path, at, ty, index)?;
                rest = tail;
            }
        }
        let (at, ty) = self.through_pointers(path, at, ty)?;
        let h = self.word(at).map_err(|e| format!("{path}: {e}"))?;
        self.map(path, ty, h)
    }

    fn field(&self, path: &str, at: u64, ty: TypeRef, name: &str) -> Result<(u64, TypeRef), String> {
        let of = self.binary.dwarf.type_name(ty);
        let Shape::Struct(fields) = self.shape(ty)? else { return Err(format!("{path}: {of} has no fields")) };
        let Some((_, ty, offset)) = fields.iter().find(|f| f.0 == name) else {
            let names: Vec<&str> = fields.iter().map(|f| f.0.as_str()).collect();
            return Err(format!("{path}: {of} has no field {name}; it has {}", names.join(", ")));
        };
        Ok((at.wrapping_add(*offset), *ty))
    }

    fn element(&self, path: &str, at: u64, ty: TypeRef, index: u64) -> Result<(u64, TypeRef), String> {
        let word = |at| self.word(at).map_err(|e| format!("{path}: {e}"));
        let (first, elem, len) = match self.shape(ty)? {
            Shape::Array(elem, n) => (at, elem, n),
            Shape::Slice(elem) => (word(at)?, elem, word(at.wrapping_add(8))?),
            _ => return Err(format!("{path}: {} has no elements", self.binary.dwarf.type_name(ty))),
        };
        if index >= len {
            return Err(format!("{path}: there is no element {index}: there are {len}"));
        }
        let of = self.binary.dwarf.go_type(elem).map_err(|e| format!("{}: {e}", self.binary.path().display()))?;
        Ok((first.wrapping_add(index.wrapping_mul(of.size() as u64)), elem))
    }

    /// The map whose header is at an address, of a type by its name.
    ///
    /// # Errors
    /// As [`find`](Self::find); no such type.
    pub fn at(&self, h: u64, type_name: &str) -> Result<Found, String> {
        let ty = self.binary.dwarf.map_named(type_name).ok_or_else(|| {
            format!(
                "no map type {type_name:?} in {}: write it as Go does, as in map[string]int",
                self.binary.path().display()
            )
        })?;
        self.map(&format!("{h:#x}"), ty, h)
    }

    fn shape(&self, ty: TypeRef) -> Result<Shape, String> {
        self.binary.dwarf.shape(ty).map_err(|e| format!("{}: {e}", self.binary.path().display()))
    }

    fn through_pointers(&self, path: &str, mut at: u64, mut ty: TypeRef) -> Result<(u64, TypeRef), String> {
        while let Shape::Pointer(to) = self.shape(ty)? {
            at = self.word(at).map_err(|e| format!("{path}: {e}"))?;
            if at == 0 {
                return Err(format!("{path}: there is a nil {} on the way", self.binary.dwarf.type_name(ty)));
            }
            ty = to;
        }
        Ok((at, ty))
    }

    fn map(&self, name: &str, ty: TypeRef, h: u64) -> Result<Found, String> {
        let dwarf = &self.binary.dwarf;
        let type_name = dwarf.type_name(ty);
        let Shape::Map(key, elem, header) = self.shape(ty)? else {
            return Err(format!("{name} is no map but a {type_name}"));
        };
        if !header.starts_with("hash<") {
            return Err(format!(
                "{name} is a Swiss map ({}), not a classic one: from Go 1.24 on, build with GOEXPERIMENT=noswissmap to have those",
                self.build
            ));
        }
        if self.version.is_none() {
            return Err(format!("{} is not among the versions that are known: Go 1.19 to 1.25", self.build));
        }
        let of = |ty| dwarf.go_type(ty).map_err(|e| format!("{}: {e}", self.binary.path().display()));
        let t = MapType::of(&self.rt, &of(key)?, &of(elem)?).map_err(|e| e.to_string())?;
        Ok(Found { name: name.to_owned(), type_name, t, h })
    }

    /// A copy of a map. A running process is read until two copies are the same.
    ///
    /// # Errors
    /// In one line: when not even the header can be read, the map is never the same twice, or the process exits meanwhile.
    pub fn snapshot(&self, of: &Found) -> Result<Snapshot, String> {
        let read = || {
            let s = Snapshot::read(self, &of.t, of.h).map_err(|e| format!("{}: {e}", of.name))?;
            if s.defects.is_empty() { Ok(s) } else { self.gone().map_or(Ok(s), Err) }
        };
        let mut last = read()?;
        if self.stopped {
            return self.between_writes(last, &read);
        }
        let mut still = 0;
        for _ in 0..TRIES {
            let next = read()?;
            if next.same(&last) {
                if !next.header.writing() {
                    return Ok(next);
                }
                still += 1;
                std::thread::sleep(WRITE);
            }
            last = next;
        }
        // Nobody is writing: the flag was left behind.
        if still == TRIES { Ok(last) } else { Err(self.changes(of)) }
    }

    /// A copy of a map of a stopped process that is not in the middle of a write: it may run on a little for that.
    fn between_writes(&self, first: Snapshot, read: &dyn Fn() -> Result<Snapshot, String>) -> Result<Snapshot, String> {
        let mut last = first;
        let Source::Process(process) = &self.source else { return Ok(last) };
        for _ in 0..TRIES {
            if !last.header.writing() {
                break;
            }
            process.resume();
            std::thread::sleep(WRITE);
            process.stop()?;
            last = read()?;
        }
        Ok(last)
    }

    fn changes(&self, of: &Found) -> String {
        format!("{} changes while it is read ({TRIES} times over): use --stop, or a core", of.name)
    }

    /// What [`check`] finds in a map. In one of a running process only what is still there the next time: what it writes
    /// meanwhile is no damage.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn check(&self, of: &Found) -> Result<Report, String> {
        for _ in 0..TRIES {
            let s = self.snapshot(of)?;
            let r = check(self, &of.t, &s);
            if !r.broken() || self.stopped || self.snapshot(of)?.same(&s) {
                // Keys behind pointers may have gone with the process.
                return if r.findings.is_empty() { Ok(r) } else { self.gone().map_or(Ok(r), Err) };
            }
        }
        Err(self.changes(of))
    }

    /// Why the process cannot be read any more, once it cannot.
    #[must_use]
    pub fn gone(&self) -> Option<String> {
        let Source::Process(p) = &self.source else { return None };
        match read_of(p.pid, self.binary.entry.wrapping_add(self.slide), &mut [0]) {
            Err(Unreadable::Target(why)) => Some(why),
            _ => None,
        }
    }

    /// Writes a core of the process.
    ///
    /// # Errors
    /// In one line; also when this is a core already.
    pub fn save_core(&self, path: &Path) -> Result<u64, String> {
        match &self.source {
            Source::Process(p) => super::core::save(p, path),
            Source::Core(..) => Err(format!("{self} is a core already")),
        }
    }

    /// What is missing at the end of a core.
    #[must_use]
    pub fn cut(&self) -> Option<&str> {
        match &self.source {
            Source::Core(_, core) => core.cut.as_deref(),
            Source::Process(_) => None,
        }
    }
}

/// The modules in `runtime.modinfo` (`cmd/go/internal/modload`, `runtime/debug.BuildInfo`).
fn modules_of(info: &str) -> Vec<String> {
    let of = |line: &str| {
        let mut words = line.split('\t');
        matches!(words.next(), Some("mod" | "dep" | "=>")).then(|| words.next().map(str::to_owned)).flatten()
    };
    info.lines().filter_map(of).collect()
}

impl Memory for Target {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        match &self.source {
            Source::Process(p) => read_of(p.pid, addr, buf),
            Source::Core(_, core) => core.read(addr, buf, |at, part| {
                let held = self.binary.bytes(at.wrapping_sub(self.slide), part.len());
                held.is_some_and(|held| {
                    part.copy_from_slice(held);
                    true
                })
            }),
        }
    }

    fn type_at(&self, word: u64) -> Option<GoType> {
        if let Some(known) = self.types.lock().unwrap_or_else(PoisonError::into_inner).get(&word) {
            return known.clone();
        }
        let types = self.binary.symbol("runtime.types")?.wrapping_add(self.slide);
        let ty = descriptor::decode(self, types, word);
        self.types.lock().unwrap_or_else(PoisonError::into_inner).insert(word, ty.clone());
        ty
    }
}
