//! Points are where they are said to be: between two of them, one cell of a map's memory changes at most.

use gohmap::layout::{BUCKET_CNT, Hiter, mem};
use gohmap::map::{clear, compiled, iter, make};
use gohmap::probe::{Probe, Step};
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::types::{GoType, MapType};
use gohmap::version::GoVersion;
use std::cell::{Cell, RefCell};

/// What a compiled program stores at once: its address and size.
type At = (usize, usize);

/// Watches the memory of a map.
struct Eye<'a> {
    t: &'a MapType,
    h: usize,
    cells: RefCell<Vec<(At, u64)>>,
    /// Points where a cell had changed.
    changes: Cell<usize>,
    wrong: RefCell<Vec<String>>,
    last: Cell<Option<Step>>,
}

// SAFETY (all of them): a map of this type that only the thread of the test uses, whose arrays and chains are whole whenever
// they are looked for.
#[expect(clippy::undocumented_unsafe_blocks, reason = "said once above")]
impl<'a> Eye<'a> {
    fn new(t: &'a MapType, h: usize) -> Self {
        let (cells, wrong) = (RefCell::default(), RefCell::default());
        Self { t, h, cells, changes: Cell::new(0), wrong, last: Cell::new(None) }
    }

    fn read((addr, size): At) -> u64 {
        unsafe {
            match size {
                1 => mem::ld8(addr).into(),
                2 => mem::ld16(addr).into(),
                4 => mem::ld32(addr).into(),
                _ => mem::ld64(addr),
            }
        }
    }

    /// Everything that the map has now.
    fn refresh(&self) {
        let (t, h) = (self.t, self.h);
        let word = |at: usize| Self::read((at, 8)) as usize;
        let fields = [(0, 8), (8, 1), (9, 1), (10, 2), (12, 4), (16, 8), (24, 8), (32, 8)];
        let rules = t.rt.rules();
        let mut at: Vec<At> = fields.iter().map(|&(offset, size)| (h + offset, size)).collect();
        at.push((h + rules.extra_offset, 8));
        at.extend(rules.clear_seq_offset.map(|offset| (h + offset, 8)));
        let extra = word(h + rules.extra_offset);
        if extra != 0 {
            at.extend([0, 8, 16].map(|offset| (extra + offset, 8)));
            for slice in [word(extra), word(extra + 8)].into_iter().filter(|&s| s != 0) {
                at.extend([0, 8, 16].map(|offset| (slice + offset, 8)));
                at.extend((0..word(slice + 16)).map(|i| (word(slice) + 8 * i, 8)));
            }
        }
        let b = unsafe { mem::ld8(h + 9) };
        let same_size = unsafe { mem::ld8(h + 8) } & 8 != 0;
        let old = if same_size { 1 << b } else { (1 << b) / 2 };
        for (array, len) in [(word(h + 16), 1 << b), (word(h + 24), old)] {
            for i in 0..len {
                let mut bucket = if array == 0 { 0 } else { array + i * t.bucket.size };
                while bucket != 0 {
                    at.extend((0..BUCKET_CNT).map(|slot| (bucket + slot, 1)));
                    at.extend((8..t.bucket.size).step_by(8).map(|offset| (bucket + offset, 8)));
                    bucket = word(bucket + t.bucket.overflow());
                }
            }
        }
        self.cells.replace(at.into_iter().map(|at| (at, Self::read(at))).collect());
    }

    fn look(&self) {
        let mut changed = Vec::new();
        for (at, was) in self.cells.borrow_mut().iter_mut() {
            let is = Self::read(*at);
            if is != *was {
                *was = is;
                changed.push((*at, is));
            }
        }
        self.changes.set(self.changes.get() + usize::from(!changed.is_empty()));
        if changed.len() > 1 && !self.at_once(&changed) {
            let cells: Vec<String> = changed.iter().map(|((addr, _), is)| format!("{addr:#x} = {is:#x}")).collect();
            self.wrong.borrow_mut().push(format!("{} after {:?}", cells.join(", "), self.last.get()));
        }
    }

    /// Whether a range was cleared, or a key of several words copied: that is one access here.
    fn at_once(&self, changed: &[(At, u64)]) -> bool {
        let in_a_row = changed.windows(2).all(|w| w[0].0.0 + w[0].0.1 == w[1].0.0);
        let in_header = (self.h..self.h + 56).contains(&changed[0].0.0);
        let cleared = changed.iter().all(|c| c.1 == 0) && !in_header;
        let size: usize = changed.iter().map(|c| c.0.1).sum();
        let copied = in_a_row && size <= self.t.key_size && changed.iter().all(|c| c.0.1 == 8) && !in_header;
        cleared || copied
    }
}

impl Probe for Eye<'_> {
    fn step(&self, step: Step) {
        self.look();
        self.last.set(Some(step));
        if matches!(step, Step::Enter { .. } | Step::Evacuate { .. }) {
            self.refresh();
        }
    }

    fn between(&self) {
        self.look();
    }

    fn inside(&self) {
        self.look();
    }
}

/// The number as a key of a type.
fn key(ty: &str, n: u64) -> Vec<u64> {
    match ty {
        "string" => {
            let text = Box::leak(format!("key {n}").into_boxed_str());
            vec![text.as_ptr().expose_provenance() as u64, text.len() as u64]
        }
        "[2]uint64" => vec![n, !n],
        _ => vec![n],
    }
}

#[test]
fn between_two_points_one_cell_changes_at_most() {
    for (version, ty) in [
        (GoVersion::default(), "uint64"),
        (GoVersion::default(), "uint32"),
        (GoVersion::default(), "string"),
        (GoVersion::default(), "[2]uint64"),
        ("1.19".parse().unwrap(), "uint64"),
        ("1.24-noswiss".parse().unwrap(), "string"),
    ] {
        let rt = Runtime::new(RuntimeConfig { version, seed: Some(1), ..RuntimeConfig::default() });
        let parse = |ty| GoType::parse(ty).expect("a type");
        let t = MapType::of(&rt, &parse(ty), &parse("uint64")).expect("a key");
        // SAFETY: a new map.
        let h = unsafe { make::makemap(&t, 0, &()) };
        let eye = Eye::new(&t, h);
        let (mut evacuations, mut iterators) = (0, Vec::new());
        for n in 0..300_u64 {
            let k = key(ty, n);
            let k = k.as_ptr().expose_provenance();
            // SAFETY: a healthy map of this type; keys and iterators outlive their operations.
            unsafe {
                let e = compiled::assign_probed(&t, h, k, &eye);
                mem::st64(e, n + 1);
                evacuations += usize::from(mem::ld64(h + 24) != 0);
                if n % 60 == 30 {
                    let mut it = Box::new(Hiter::default());
                    iter::mapiterinit(&t, h, &mut it, &eye);
                    iterators.push(it);
                }
                if n % 5 == 4 {
                    compiled::delete_probed(&t, h, k, &eye);
                }
            }
        }
        assert!(evacuations > 20, "{ty}: the map was growing after {evacuations} assigns only");
        // SAFETY: the same.
        unsafe {
            clear::mapclear(&t, h, &eye);
            let k = key(ty, 7);
            compiled::assign_probed(&t, h, k.as_ptr().expose_provenance(), &eye);
            compiled::delete_probed(&t, h, k.as_ptr().expose_provenance(), &eye);
        }
        eye.look();
        let wrong = eye.wrong.borrow();
        assert!(wrong.is_empty(), "Go {version}, {ty}: {} times, first {}", wrong.len(), wrong[0]);
        assert!(eye.changes.get() > 2000, "{}", eye.changes.get());
    }
}
