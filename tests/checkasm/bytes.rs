//! The routines for keys that are given by address against the portable functions: strings and arrays of all lengths, alike
//! at both ends, some at the end of mapped memory; floats; interfaces; and structs.

use super::faults::{Hole, hole, words};
use super::{Copy, Isa, Numbers, checkasm_call, env, step_by_step};
use gohmap::fault::guarded;
use gohmap::heap::{OnFree, Prot, Role};
use gohmap::layout::{HASH_WRITING, is_empty, mem};
use gohmap::map::amd64::Slot;
use gohmap::map::clear;
use gohmap::types::{Fast, Generic, GoType, MapType};
use gohmap::version::GoVersion;
use std::ptr;
use std::sync::LazyLock;

/// What keys of the map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    Strings,
    /// `[n]byte`.
    Arrays(usize),
    Float32,
    Float64,
    /// `any`, of all that [`held`] lists.
    Eface,
    /// One of [`STRUCTS`].
    Fields(usize),
}

/// Types that the compiler writes functions for: text, where strings lie, where plain memory lies and how much, words.
type Struct = (&'static str, &'static [usize], &'static [(usize, usize)], usize);

const STRUCTS: [Struct; 6] = [
    ("struct{a string; b uint64}", &[0], &[(16, 8)], 3),
    ("[2]string", &[0, 16], &[], 4),
    ("struct{a uint8; b uint32; c string}", &[8], &[(0, 1), (4, 4)], 3),
    ("struct{a uint8; b uint64}", &[], &[(0, 1), (8, 8)], 2),
    ("struct{a struct{b string; c [70]uint8}; d string}", &[0, 88], &[(16, 70)], 13),
    ("struct{a string; b *uint8; _ string; c [20]uint8}", &[0], &[(16, 8), (40, 20)], 8),
];

/// What interfaces hold: every form that the assembly knows, and some that it does not.
fn held() -> &'static [Keys] {
    use Keys::{Arrays, Float64, Strings};
    const { &[Arrays(8), Arrays(4), Arrays(1), Arrays(16), Arrays(40), Strings, Strings, Arrays(0), Float64, Keys::Eface] }
}

/// The type of a value by its place in [`held`]; the last one is a pointer, whatever it points at. None: nil.
fn type_held(i: usize) -> Option<&'static GoType> {
    static TYPES: LazyLock<Vec<GoType>> = LazyLock::new(|| {
        let last = held().len() - 1;
        held()[..last].iter().map(|k| k.key()).chain([GoType::pointer(&GoType::uint8())]).collect()
    });
    TYPES.get(i)
}

impl Keys {
    /// Bytes that each key has, unless they differ.
    fn length(self) -> Option<usize> {
        match self {
            Self::Strings | Self::Eface | Self::Fields(_) => None,
            Self::Arrays(n) => Some(n),
            Self::Float32 => Some(4),
            Self::Float64 => Some(8),
        }
    }

    fn key(self) -> GoType {
        match self {
            Self::Strings => GoType::string(),
            Self::Arrays(n) => GoType::array(&GoType::uint8(), n),
            Self::Float32 => GoType::float32(),
            Self::Float64 => GoType::float64(),
            Self::Eface => GoType::interface(&[]),
            Self::Fields(i) => GoType::parse(STRUCTS[i].0).expect("a type"),
        }
    }

    /// Strings most often, but arrays of all lengths too.
    pub(super) fn any(n: &mut Numbers) -> Self {
        const LENGTHS: [usize; 18] = [1, 2, 3, 5, 6, 7, 9, 12, 15, 16, 17, 24, 32, 33, 48, 64, 65, 128];
        match n.below(12) {
            0..3 => Self::Strings,
            3 | 4 => Self::Eface,
            10.. => Self::Fields(n.below(STRUCTS.len() as u64) as usize),
            5..8 => Self::Arrays(LENGTHS[n.below(LENGTHS.len() as u64) as usize]),
            8 => Self::Float32,
            9 => Self::Float64,
        }
    }

    /// The bytes of a float that is not hashed as what it is made of, or is next to such a one.
    fn special(self, n: &mut Numbers) -> Option<Vec<u8>> {
        let sign = n.below(2);
        match self {
            Self::Float32 => {
                let bits = [0, 1, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fc0_0000][n.below(6) as usize];
                Some((bits | (sign as u32) << 31).to_le_bytes().to_vec())
            }
            Self::Float64 => {
                let bits =
                    [0, 1, 0x7fef << 48 | 0xffff, 0x7ff0 << 48, 0x7ff0 << 48 | 1, 0x7ff8 << 48][n.below(6) as usize];
                Some((bits | sign << 63).to_le_bytes().to_vec())
            }
            _ => None,
        }
    }
}

/// Strings of `0..=300` bytes, most of `0..=40`, or all of one length, of which many agree in length and at both ends; every
/// third ends where mapped memory does. Or keys that are made of such.
pub(super) struct Strings {
    page: *mut u8,
    /// Address and length; or what an interface holds, by its place in [`held`].
    pub(super) all: Vec<(usize, usize)>,
    _bytes: Vec<Box<[u8]>>,
    _headers: Vec<Box<[usize]>>,
}

const PAGE: usize = 4096;

static TEXT: &[u8; 2] = b"ab";

impl Strings {
    pub(super) fn new(n: &mut Numbers, keys: Keys, how_many: usize) -> Self {
        let (rw, none) = (libc::PROT_READ | libc::PROT_WRITE, libc::PROT_NONE);
        let pages = how_many.div_ceil(3);
        // SAFETY: new memory, a page for each string that ends where the page does, and one behind it that cannot be read.
        let page = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let p = libc::mmap(ptr::null_mut(), 2 * PAGE * pages, rw, flags, -1, 0);
            assert_ne!(p, libc::MAP_FAILED);
            for i in 0..pages {
                assert_eq!(libc::mprotect(p.cast::<u8>().add((2 * i + 1) * PAGE).cast(), PAGE, none), 0);
            }
            p.cast::<u8>()
        };
        let (mut all, mut bytes, mut headers) = (Vec::new(), Vec::new(), Vec::<Box<[usize]>>::new());
        for i in 0..how_many {
            let what = n.below(held().len() as u64 + 1) as usize;
            let value = if keys == Keys::Eface { held().get(what).copied().unwrap_or(keys) } else { keys };
            let longest = [40, 40, 40, 40, 80, 300][n.below(6) as usize];
            let len = value.length().unwrap_or_else(|| n.below(longest + 1) as usize);
            let mut s = vec![b'x'; len];
            for _ in 0..if len > 0 { 1 + n.below(2) } else { 0 } {
                let at = n.below(len as u64) as usize;
                s[at] = b'a' + n.below(26) as u8;
            }
            if i % 4 == 1
                && let Some(special) = value.special(n)
            {
                s = special;
            }
            let at = if i % 3 == 0 {
                // SAFETY: the end of a page of our own.
                unsafe {
                    let at = page.add((2 * (i / 3) + 1) * PAGE - len);
                    ptr::copy_nonoverlapping(s.as_ptr(), at, len);
                    at.expose_provenance()
                }
            } else {
                let b = s.into_boxed_slice();
                let at = b.as_ptr().expose_provenance();
                bytes.push(b);
                at
            };
            let mut keep = |header: Box<[usize]>| {
                let at = header.as_ptr().expose_provenance();
                headers.push(header);
                at
            };
            all.push(match keys {
                Keys::Eface if value == Keys::Strings => (keep(Box::from([at, len])), what),
                Keys::Eface => (at, what),
                Keys::Fields(i) => (keep(fields(i, [at, len], n)), len),
                _ => (at, len),
            });
        }
        Self { page, all, _bytes: bytes, _headers: headers }
    }

    /// Takes the bytes of a string that has a page of its own away, or gives them back.
    pub(super) fn readable(&self, i: usize, readable: bool) {
        assert_eq!(i % 3, 0);
        let prot = if readable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
        // SAFETY: a page of our own, into which no reference leads.
        assert_eq!(unsafe { libc::mprotect(self.page.add(2 * (i / 3) * PAGE).cast(), PAGE, prot) }, 0);
    }
}

impl Drop for Strings {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`.
        unsafe { libc::munmap(self.page.cast(), 2 * PAGE * self.all.len().div_ceil(3)) };
    }
}

/// A key of one of [`STRUCTS`]: the first string is this one, others are short; what lies between the parts is anything.
fn fields(i: usize, first: [usize; 2], n: &mut Numbers) -> Box<[usize]> {
    let (_, strings, memory, words) = STRUCTS[i];
    let mut key: Box<[usize]> = (0..words).map(|_| n.next() as usize).collect();
    for (j, offset) in strings.iter().enumerate() {
        let string = if j == 0 { first } else { [TEXT.as_ptr().expose_provenance(), n.below(3) as usize] };
        key[offset / 8..][..2].copy_from_slice(&string);
    }
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut key);
    for &(offset, size) in memory {
        bytes[offset..offset + size].fill(0);
        bytes[offset] = n.below(4) as u8;
        bytes[offset + size - 1] = n.below(4) as u8;
    }
    key
}

/// An operation on a map with such keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Assign,
    /// An assign that does not say where the element is.
    Set,
    Access1,
    Access2,
    Delete,
}

impl Op {
    fn any(n: &mut Numbers) -> Self {
        match n.below(100) {
            0..45 => Self::Assign,
            45..60 => Self::Access1,
            60..75 => Self::Access2,
            _ => Self::Delete,
        }
    }

    /// Calls it, and stores to an element that is assigned; where that is, unless it is the zero value, and `ok`.
    ///
    /// # Safety
    /// The map must be a live one, or fault where that is watched; the string outlives it.
    pub(super) unsafe fn call(self, isa: Isa, c: &Copy, (str, len): (usize, usize)) -> (Option<(Role, usize)>, u64) {
        let f = isa.fast64();
        let g = f.generic_of(&c.t);
        let f = match (self, c.t.fast) {
            (Self::Assign | Self::Set, Fast::FastStr) => f.mapassign_str as *const (),
            (Self::Access1, Fast::FastStr) => f.mapaccess1_str as *const (),
            (Self::Access2, Fast::FastStr) => f.mapaccess2_str as *const (),
            (Self::Delete, Fast::FastStr) => f.mapdelete_str as *const (),
            (Self::Assign | Self::Set, _) => g.mapassign as *const (),
            (Self::Access1, _) => g.mapaccess1 as *const (),
            (Self::Access2, _) => g.mapaccess2 as *const (),
            (Self::Delete, _) => g.mapdelete as *const (),
        };
        let interface = interface(c, (str, len));
        let key = if c.t.generic == Generic::Eface { interface.as_ptr().expose_provenance() } else { str };
        let mut out = [0; 2];
        // SAFETY: the caller's promise.
        let at = unsafe { checkasm_call(f, &c.t, c.h, key as u64, len as u64, &mut out) };
        assert_eq!(out[0], 0, "{isa}: a protected register changed");
        if matches!(self, Self::Assign | Self::Set) {
            for i in 0..c.t.elem_size {
                // SAFETY: the element's address.
                unsafe { mem::st8(at + i, str.wrapping_add(i * len) as u8 | 0x80) };
            }
        }
        let place = (!matches!(self, Self::Set | Self::Delete) && at != c.zeroes).then(|| c.place(at));
        (place, if self == Self::Access2 { out[1] } else { 0 })
    }
}

/// The words of an interface that holds this. The type word is one of the copy's own program.
fn interface(c: &Copy, (data, held): (usize, usize)) -> [usize; 2] {
    [type_held(held).map_or(0, |ty| c.t.rt.types.word(ty)), data]
}

/// [`Fast64::find_str`](gohmap::map::amd64::Fast64), which does not die whatever it meets; `None` where it does not know.
///
/// # Safety
/// As [`Op::call`].
unsafe fn find(isa: Isa, c: &Copy, (str, len): (usize, usize)) -> Option<Slot> {
    let mut out = [0; 2];
    // SAFETY: the caller's promise.
    let elem =
        unsafe { checkasm_call(isa.fast64().find_str as *const (), &c.t, c.h, str as u64, len as u64, &mut out) };
    assert_eq!(out[0], 0, "{isa}: a protected register changed");
    assert!(elem > Slot::ABSENT || out[1] == 0, "{isa}: a key without an element");
    (elem != 0).then_some(Slot { elem, key: out[1] as usize })
}

/// Whether [`find`] knows, and what it says is what lookups say.
///
/// # Safety
/// As [`Op::call`].
unsafe fn finds(isa: Isa, c: &Copy, key: (usize, usize)) -> bool {
    // SAFETY: the caller's promise; a slot that is found holds a string.
    unsafe {
        let Some(found) = find(isa, c, key) else { return false };
        let (place, ok) = Op::Access2.call(Isa::Portable, c, key);
        assert_eq!(ok != 0, found.elem != Slot::ABSENT, "{isa}: {} bytes", key.1);
        if let Some(place) = place {
            assert_eq!(c.place(found.elem), place, "{isa}: {} bytes", key.1);
            let [at, len] = [0, 8].map(|i| mem::ld64(found.key + i) as usize);
            assert!(len == key.1 && (0..len).all(|i| mem::ld8(at + i) == mem::ld8(key.0 + i)), "{isa}: another key");
            let one = |i| found.elem - c.t.bucket.elem(i) == found.key - c.t.bucket.key(i);
            assert!((0..8).any(one), "{isa}: the element of another key");
        }
        true
    }
}

/// Every operation with the trap flag set: what [`super::every_instruction_unwinds`] asks of them.
pub(super) fn stepped(isa: Isa) {
    let mut n = Numbers(7);
    use Keys::Arrays;
    for keys in [
        Keys::Strings,
        Arrays(2),
        Arrays(6),
        Arrays(12),
        Arrays(16),
        Arrays(40),
        Keys::Float32,
        Keys::Float64,
        Keys::Eface,
        Keys::Fields(0),
        Keys::Fields(5),
    ] {
        let strings = Strings::new(&mut n, keys, 24);
        let c = twin(keys, 7, GoVersion::V1_22, 8, OnFree::Keep);
        for i in 0..120 {
            let (op, key) = (Op::any(&mut n), strings.all[n.below(if i < 60 { 6 } else { 24 }) as usize]);
            step_by_step(|| {
                // SAFETY: a live map, and a string that outlives it.
                unsafe {
                    op.call(isa, &c, key);
                    if keys == Keys::Strings {
                        find(isa, &c, key);
                    }
                }
            });
        }
    }
}

/// A map with such keys.
pub(super) fn twin(keys: Keys, seed: u64, version: GoVersion, elem: usize, on_free: OnFree) -> Copy {
    Copy::of(map_type(keys, seed, version, elem, on_free), 0)
}

/// The type of such maps, with a program of its own.
pub(super) fn map_type(keys: Keys, seed: u64, version: GoVersion, elem: usize, on_free: OnFree) -> MapType {
    let like = Copy::with(seed, version, elem, 0, false, on_free);
    let t = MapType::of(&like.t.rt, &keys.key(), &like.t.elem).expect("they are comparable");
    let generic = match keys {
        Keys::Strings => Generic::Other,
        Keys::Eface => Generic::Eface,
        Keys::Fields(_) => Generic::Fields,
        _ => Generic::Plain,
    };
    assert_eq!(t.generic, generic);
    t
}

/// Two maps alike.
fn twins(keys: Keys, seed: u64, version: GoVersion, elem: usize, on_free: OnFree) -> [Copy; 2] {
    [0, 1].map(|_| twin(keys, seed, version, elem, on_free))
}

#[test]
fn they_agree_on_random_states() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    let (mut found, mut absent, mut deleted, mut tampered, mut looked, mut known) = (0, 0, 0, 0, 0, 0);
    for isa in Isa::available().into_iter().skip(1) {
        for map in 0..300 {
            let how_many = [6, 12, 60, 400][n.below(4) as usize];
            let keys = Keys::any(&mut n);
            let strings = Strings::new(&mut n, keys, how_many);
            let (seed, version) = (n.next(), GoVersion::ALL[n.below(6) as usize]);
            let [a, b] = twins(keys, seed, version, [8, 8, 8, 0, 3, 40][map % 6], OnFree::Keep);
            for step in 0..1500 {
                let key = strings.all[n.below(strings.all.len() as u64) as usize];
                let op = Op::any(&mut n);
                // SAFETY: live maps and a string that outlives them.
                let [said, meant] = unsafe {
                    if keys == Keys::Strings {
                        known += u64::from(finds(isa, &a, key));
                    }
                    let before = mem::ld64(a.h);
                    let said = [op.call(isa, &a, key), op.call(Isa::Portable, &b, key)];
                    deleted += u64::from(mem::ld64(a.h) < before);
                    said
                };
                assert_eq!(said, meant, "{isa}: map {map}, step {step}: {op:?} of {keys:?}, {} bytes", key.1);
                match (op, said.0) {
                    (Op::Delete, _) => {}
                    (_, Some(_)) => found += 1,
                    (_, None) => absent += 1,
                }
                if n.below(8) == 0 {
                    looked += look_at_false_marks(isa, [&a, &b], &strings, &mut n);
                }
                // SAFETY: two live maps; what is tampered with leads nowhere but to other keys of the bucket.
                unsafe {
                    if n.below(40) == 0 && mem::ld64(a.h + 16) != 0 && mem::ld64(a.h + 24) == 0 {
                        tampered += 1;
                        let at = (n.next() & ((1 << mem::ld8(a.h + 9)) - 1)) as usize * a.t.bucket.size;
                        let (i, j, mark) =
                            (n.below(8) as usize, n.below(8) as usize, [0, 1, 5, 9][n.below(4) as usize]);
                        let first = mem::ld64(a.h + 16) as usize + at;
                        // No entry that is not counted comes to life: a table with more than it should have grows for ever.
                        let live = alive(&a, first, i) && !is_empty(mem::ld8(first + i));
                        let both = n.below(2) == 0 && alive(&a, first, j);
                        for c in [&a, &b] {
                            let bucket = mem::ld64(c.h + 16) as usize + at;
                            if both {
                                let key = |i| bucket + c.t.bucket.key(i);
                                mem::memmove(key(i), key(j), c.t.bucket.key_size);
                            } else if live {
                                mem::st8(bucket + i, mark);
                            }
                        }
                    }
                    if n.below(60) == 0 {
                        // At and beside the number from which on a table is rewritten.
                        let limit = 1_u16 << mem::ld8(a.h + 9).min(15);
                        let noverflow = limit.wrapping_add(n.below(3) as u16).wrapping_sub(1);
                        [&a, &b].iter().for_each(|c| mem::st16(c.h + 10, noverflow));
                    }
                    if version >= GoVersion::V1_21 && n.below(600) == 0 {
                        clear::mapclear(&a.t, a.h, &());
                        clear::mapclear(&b.t, b.h, &());
                    }
                }
                assert!(step % 50 != 0 || a.state() == b.state(), "{isa}: map {map}, step {step}: memory differs");
            }
        }
    }
    let met = format!(
        "{found} found, {absent} absent, {deleted} deleted, {tampered} tampered, {looked} found nevertheless, {known} known before"
    );
    println!("{met}");
    assert!(
        found > 100_000 && absent > 1000 && deleted > 10_000 && tampered > 1000 && looked > 1000 && known > 10_000,
        "{met}"
    );
}

/// Whether a slot may be marked as one that has a key: the pointer of a string that was deleted is nil.
///
/// # Safety
/// There must be such a bucket.
unsafe fn alive(c: &Copy, bucket: usize, slot: usize) -> bool {
    // SAFETY: the caller's promise.
    c.t.generic == Generic::Plain || unsafe { mem::ld64(bucket + c.t.bucket.key(slot)) } != 0
}

/// Changes a mark for the time of a few lookups, so that small maps stay small; how many found something.
fn look_at_false_marks(isa: Isa, copies: [&Copy; 2], strings: &Strings, n: &mut Numbers) -> u64 {
    let mut found = 0;
    // SAFETY: live maps; marks are put back.
    unsafe {
        let [array, size] = [mem::ld64(copies[0].h + 16) as usize, copies[0].t.bucket.size];
        if array == 0 {
            return 0;
        }
        let bucket = (n.next() & ((1 << mem::ld8(copies[0].h + 9)) - 1)) as usize * size;
        let slot = n.below(8) as usize;
        if !alive(copies[0], array + bucket, slot) {
            return 0;
        }
        let at = copies.map(|c| mem::ld64(c.h + 16) as usize + bucket + slot);
        let mark = mem::ld8(at[0]);
        let other = [0, 1, 5, 9][n.below(4) as usize];
        at.iter().for_each(|&at| mem::st8(at, other));
        for _ in 0..3 {
            let key = strings.all[n.below(strings.all.len() as u64) as usize];
            let [said, meant] =
                [(isa, copies[0]), (Isa::Portable, copies[1])].map(|(isa, c)| Op::Access2.call(isa, c, key));
            assert_eq!(said, meant, "{isa}: {} bytes, mark {mark} of slot {slot} changed to {other}", key.1);
            found += said.1;
        }
        at.iter().for_each(|&at| mem::st8(at, mark));
    }
    found
}

#[test]
fn they_fault_alike() {
    // Of each kind: Linux gives a process 65530 mappings.
    const HOW_MANY: usize = 3200;
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available().into_iter().skip(1) {
        let kinds = [
            Keys::Strings,
            Keys::Arrays(12),
            Keys::Arrays(24),
            Keys::Arrays(6),
            Keys::Float64,
            Keys::Arrays(72),
            Keys::Eface,
            Keys::Fields(0),
            Keys::Fields(4),
        ];
        let all = kinds.map(|keys| Strings::new(&mut n, keys, HOW_MANY));
        let (mut died, mut lost) = (0, 0);
        for map in 0..600 {
            let which = [0, 1, 0, 2, 3, 4, 5, 6, 7, 8][map / 2 % 10];
            let (keys, strings) = (kinds[which], &all[which]);
            let [a, b] = twins(keys, n.next(), GoVersion::V1_22, 8, OnFree::Reuse);
            // In small maps the bytes of some key are taken away, in large ones a page of buckets.
            let (first, how_many) =
                if map % 2 == 0 { (0, HOW_MANY as u64) } else { (n.below(1000) as usize * 3, 6 + n.below(3)) };
            let mut page: Option<Hole> = None;
            for step in 0..4000 {
                // A page is away for a few operations, so that some meet a bucket that only begins or ends there.
                if n.below(4) == 0
                    && let Some(page) = page.take()
                {
                    page.set([&a, &b], Prot::ReadWrite);
                }
                if page.is_none() && map % 2 == 0 && n.below(24) == 0 {
                    page = hole([&a, &b], &mut n);
                    if let Some(page) = &page {
                        page.set([&a, &b], [Prot::None, Prot::Read][n.below(2) as usize]);
                    }
                }
                let gone = (n.below(12) == 0 && map % 2 == 1).then(|| first + n.below(2) as usize * 3);
                if let Some(gone) = gone {
                    strings.readable(gone, false);
                }
                let op = Op::any(&mut n);
                let key = strings.all[first + n.below(how_many) as usize];
                // SAFETY: live maps; nothing that needs dropping is pending while the operation faults.
                let said = unsafe {
                    if keys == Keys::Strings {
                        find(isa, &a, key);
                    }
                    [guarded(|| op.call(isa, &a, key)), guarded(|| op.call(Isa::Portable, &b, key))]
                };
                if said.iter().any(Result::is_err)
                    && let Some(page) = page.take()
                {
                    page.set([&a, &b], Prot::ReadWrite);
                }
                if let Some(gone) = gone {
                    strings.readable(gone, true);
                    lost += u64::from(said[0].is_err());
                }
                let at = || format!("{isa}: map {map}, step {step}, {op:?} of {keys:?}, {} bytes", key.1);
                match said {
                    [Ok(said), Ok(meant)] => assert_eq!(said, meant, "{}", at()),
                    [Err(said), Err(meant)] => {
                        assert_eq!(words(&a, &said), words(&b, &meant), "{}", at());
                        assert!(a.state() == b.state(), "{}: memory differs", at());
                        died += 1;
                        for c in [&a, &b] {
                            // SAFETY: a live header; nobody is writing any more.
                            unsafe { mem::st8(c.h + 8, mem::ld8(c.h + 8) & !HASH_WRITING) };
                        }
                    }
                    [said, meant] => panic!("{}: {said:?}, but portably {meant:?}", at()),
                }
            }
            if let Some(page) = page {
                page.set([&a, &b], Prot::ReadWrite);
            }
            assert!(a.state() == b.state(), "{isa}: map {map}: memory differs");
        }
        println!("{isa}: {died} deaths, {lost} of keys without bytes");
        assert!(died > 200 && lost > 100, "{isa}: {died} deaths, {lost} of keys without bytes");
    }
}
