//! Functions around the text of call sites, in a section that can be told from other code.

use gohmap::map::amd64::{Fast64, Found, Isa, call_site::CallSite};
use gohmap::types::MapType;

fn family(t: &MapType) -> &'static Fast64 {
    Isa::Avx512.fast64_of(t)
}

#[unsafe(link_section = "checkasm_here")]
pub(super) unsafe extern "C-unwind" fn set(t: &MapType, h: usize, key: u64, value: u64) -> usize {
    // SAFETY: the caller's promise; so in all that follow.
    unsafe { CallSite::new(family(t), t).set(h, key, value) };
    0
}

#[unsafe(link_section = "checkasm_here")]
pub(super) unsafe extern "C-unwind" fn access1(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: as above.
    unsafe { CallSite::new(family(t), t).access1(h, key) }
}

#[unsafe(link_section = "checkasm_here")]
pub(super) unsafe extern "C-unwind" fn access2(t: &MapType, h: usize, key: u64) -> Found {
    // SAFETY: as above.
    let (elem, ok) = unsafe { CallSite::new(family(t), t).access2(h, key) };
    Found { elem, ok: ok.into() }
}

#[unsafe(link_section = "checkasm_here")]
pub(super) unsafe extern "C-unwind" fn get(t: &MapType, h: usize, key: u64) -> u64 {
    // SAFETY: as above.
    let value = unsafe { CallSite::new(family(t), t).get(h, key) };
    // Else the slow case is a conditional tail call, in front of which the frame goes without unwinders being told.
    std::hint::black_box(value)
}
