//! What a fault address says.

use super::class::is_map_function;
use super::parse::Report;

/// Go's heap on amd64 Linux grows from here (`mallocinit`, `runtime/malloc.go`), for 512 GiB at least before the next hint.
const HEAP: std::ops::Range<u64> = 0xc0_0000_0000..0xc0_0000_0000 + (512 << 30);

/// What the address of a report's fault says, a fact each; nothing without a fault.
#[must_use]
pub fn about_address(r: &Report) -> Vec<String> {
    let mut facts = Vec::new();
    let Some(signal) = &r.signal else { return facts };
    let Some(addr) = r.fault_address.or(signal.addr) else { return facts };
    match (signal.name.as_str(), signal.code) {
        ("SIGSEGV", Some(1)) => facts.push("code 1 (SEGV_MAPERR): nothing is mapped there".to_owned()),
        ("SIGSEGV", Some(2)) => {
            facts.push("code 2 (SEGV_ACCERR): memory is mapped there, but this access is not allowed: read-only or PROT_NONE pages".to_owned());
        }
        ("SIGSEGV", Some(0x80)) => facts.push(
            "code 0x80 (SI_KERNEL) and address 0: the address was not canonical (bits 47 to 63 differ), which the processor does not tell; the pointer itself is garbage".to_owned(),
        ),
        ("SIGSEGV", Some(0)) => facts.push("code 0: the signal was sent by a process (kill), not raised by an access".to_owned()),
        ("SIGBUS", Some(2)) => facts.push(
            "SIGBUS code 2 (BUS_ADRERR): a file mapping whose file is shorter than the mapping, or bad memory behind it".to_owned(),
        ),
        _ => {}
    }
    if signal.code == Some(0x80) {
        return facts;
    }
    if addr < 4096 {
        facts.push(format!("{addr:#x} is below 4096: a field at that offset of a nil pointer"));
        if let Some(field) = small_offset(addr) {
            facts.push(field.to_owned());
        }
    } else if addr.is_multiple_of(4096) {
        facts.push(format!("{addr:#x} is the first byte of a page: a walk has come to the end of what is mapped, or a whole page has gone"));
    }
    if HEAP.contains(&addr) {
        facts.push(format!(
            "{addr:#x} is in the range of Go's heap (from 0xc000000000): memory that was not yet mapped, or has been given back"
        ));
    } else if addr >= 1 << 47 {
        facts.push(format!(
            "{addr:#x} is in the kernel's half of the address space: not a pointer that the heap can have made"
        ));
    } else if addr >= 4096 {
        facts.push(format!("{addr:#x} is outside Go's heap (from 0xc000000000): memory of mmap, of C, or garbage"));
    }
    if let Some(text) = as_text(addr) {
        facts.push(format!("its bytes are text, {text:?}: a string has been written over a pointer"));
    }
    if let Some(p) = repeated(addr) {
        facts.push(p);
    }
    stride(r, addr, &mut facts);
    facts
}

/// What is at a small offset of the things that maps are made of.
fn small_offset(addr: u64) -> Option<&'static str> {
    Some(match addr {
        0 => "offset 0: tophash of a nil bucket, or hmap.count of a nil header",
        8 => "offset 8: the first key of a nil bucket, or hmap.flags of a nil header",
        16 => "offset 0x10: hmap.buckets of a nil header, or the length of the first string key of a nil bucket",
        24 => "offset 0x18: hmap.oldbuckets of a nil header, or the second key (of 8 bytes) of a nil bucket",
        _ => return None,
    })
}

/// Eight bytes of printable text.
fn as_text(addr: u64) -> Option<String> {
    let bytes: Vec<u8> = addr.to_le_bytes().into_iter().take_while(|b| *b != 0).collect();
    let whole = bytes.len() >= 5 && addr.to_le_bytes()[bytes.len()..].iter().all(|b| *b == 0);
    (whole && bytes.iter().all(|b| (0x20..0x7f).contains(b))).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Patterns that allocators and debuggers fill memory with.
fn repeated(addr: u64) -> Option<String> {
    let top = addr >> 16;
    let name = match top {
        0xdead_dead_dead => "0xdead…: Go's pattern for dead memory (clobberfree, clobberdead)",
        0xfafa_fafa_fafa => "0xfa…: AddressSanitizer's pattern",
        0xa5a5_a5a5_a5a5 | 0x5a5a_5a5a_5a5a => "a pattern that C allocators fill freed memory with",
        _ => return None,
    };
    Some(name.to_owned())
}

/// How the address lies to the pointers that the map functions were called with.
fn stride(r: &Report, addr: u64, facts: &mut Vec<String>) {
    let Some(f) = r.frames().find(|f| is_map_function(&f.func)) else { return };
    let short = f.func.trim_start_matches("runtime.");
    // (type, header, key …): mapaccess1_fast64(0x49a460, 0xc0000900c0, 0x1)
    if let Some(Some(h)) = f.args.get(1).filter(|_| short.starts_with("map"))
        && (1..=56).contains(&addr.wrapping_sub(*h).wrapping_add(1))
    {
        facts.push(format!(
            "it is {} bytes into the map's header at {h:#x}: the header itself cannot be accessed",
            addr - h
        ));
    }
    let bucket = match short {
        s if s.contains("_fast64") => Some(("map[uint64]uint64", 144_u64)),
        s if s.contains("_fast32") => Some(("map[uint32]uint64", 112)),
        s if s.contains("_faststr") => Some(("map[string]uint64", 208)),
        _ => None,
    };
    if let Some((what, size)) = bucket.filter(|_| (4096..1 << 24).contains(&addr)) {
        facts.push(format!(
            "taken as an offset from nil buckets it is bucket {} and {} bytes, if buckets have {size} bytes as those of a {what}",
            addr / size,
            addr % size
        ));
    }
}
