//! The operations of Go's classic map, one file each, in Go's own names.
//!
//! They work on addresses: a header ([`Hmap`](crate::layout::Hmap)) in emulated memory and what it leads to. All of it is
//! touched through [`layout::mem`](crate::layout::mem), in the order in which Go touches it, because any of these accesses
//! may be the one that faults. No function here keeps anything that needs dropping across such an access: a fault skips
//! its frames.
//!
//! | Go source | here |
//! |---|---|
//! | `makemap`, `makeBucketArray` | [`make`] |
//! | `mapaccess1`, `mapaccess2`, `mapaccessK` | [`access`] |
//! | `mapassign` | [`assign`] |
//! | `mapdelete` | [`delete`] |
//! | `hashGrow`, `growWork`, `evacuate`, `newoverflow` | `grow.rs` |
//! | `mapiterinit`, `mapiternext` | [`iter`] |
//! | `mapclear` | [`clear`] |
//! | `maps.Clone`, `mapclone2` | [`clone`] |
//! | `keys`, `values` | [`keys`] |
//! | `reflect_mapassign`, `reflect_mapiterinit`, … | [`reflect`] |
//! | `map_fast32.go`, `map_fast64.go` | [`fast32`], [`fast64`], over `fast.rs` |
//! | `map_faststr.go` | [`faststr`] |
//! | (many operations of those at once) | [`batch`] |
//! | the compiler's choice between them | [`compiled`] |
//! | the compiler's output for `map_fast64.go` | [`amd64`] and `asm/` |

pub mod access;
pub mod amd64;
pub mod assign;
pub mod batch;
pub mod clear;
pub mod clone;
pub mod compiled;
pub mod delete;
mod fast;
pub mod fast32;
pub mod fast64;
pub mod faststr;
mod grow;
mod hmap;
pub mod iter;
pub mod keys;
pub mod make;
mod malloc;
pub mod reflect;
mod slots;
pub(crate) mod walk;
