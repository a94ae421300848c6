//! The operations of a script that compiled code does not come by: those of package `reflect`, and `keys` and `values`.

use super::watch::watched;
use super::{Ended, Engine, Map, ScriptError, quote};
use crate::inspect::dump::Encode;
use crate::layout::{Hiter, SliceHeader};
use crate::map::{keys, reflect};
use std::fmt::Write;

impl Engine {
    /// Runs one of them.
    pub(super) fn by_helper(&mut self, f: &[&str], out: &mut String) -> Result<(), ScriptError> {
        let m = self.map(f[1])?;
        let key = |i| m.kind.parse_key(&m.t, f[i]).or_else(|what| self.err(what));
        match f[0] {
            "rset" => {
                let (key, v) = (key(2)?, self.arg(f, 3)?);
                self.seed(&m);
                let elem = m.kind.new_elem(&m.t, v);
                self.begin(&f.join(" "), &m, Some(&key));
                // SAFETY: a live map, a key and an element of its types.
                let done = self.guard(out, || unsafe {
                    watched!(self.watcher, p => reflect::reflect_mapassign(&m.t, m.h, key.at(), elem, p));
                });
                if done.is_some() {
                    self.end(&Ended::Well);
                }
            }
            "rdel" => {
                let key = key(2)?;
                self.seed(&m);
                self.begin(&f.join(" "), &m, Some(&key));
                // SAFETY: a live map and a key of its type.
                let done = self.guard(out, || unsafe {
                    watched!(self.watcher, p => reflect::reflect_mapdelete(&m.t, m.h, key.at(), p));
                });
                self.pin_hash0(&m);
                if done.is_some() {
                    self.end(&Ended::Well);
                }
            }
            "rget" => {
                let key = key(2)?;
                self.seed(&m);
                self.begin(&f.join(" "), &m, Some(&key));
                // SAFETY: as above.
                let found = self.guard(out, || unsafe {
                    watched!(self.watcher, p => reflect::reflect_mapaccess(&m.t, m.h, key.at(), p))
                });
                if found.is_some() {
                    self.end(&Ended::Well);
                }
                match found {
                    None => {}
                    Some(0) => out.push_str("{\"rget\":null}\n"),
                    Some(at) => {
                        let mut elem = String::new();
                        m.kind.elem(&mut self.names, &m.t, at, &mut elem);
                        let _ = writeln!(out, "{{\"rget\":{}}}", quote(&elem));
                    }
                }
                return Ok(());
            }
            "rrange" => {
                self.seed(&m);
                let (mut k, mut e) = (Vec::new(), Vec::new());
                self.begin(&f.join(" "), &m, None);
                // SAFETY: a live map, and an iterator of it.
                let whole = self.guard(out, || unsafe {
                    let mut it = Hiter::default();
                    watched!(self.watcher, p => reflect::reflect_mapiterinit(&m.t, m.h, &mut it, p));
                    while reflect::reflect_mapiterkey(&it) != 0 {
                        k.push(reflect::reflect_mapiterkey(&it));
                        e.push(reflect::reflect_mapiterelem(&it));
                        watched!(self.watcher, p => reflect::reflect_mapiternext(&m.t, &mut it, p));
                    }
                });
                if whole.is_some() {
                    self.end(&Ended::Well);
                    self.list("keys", &k, &m, out);
                    self.list("values", &e, &m, out);
                }
                return Ok(());
            }
            _ => {
                let (what, size) = match f[0] {
                    "copykeys" => ("keys", m.t.key_size),
                    _ => ("values", m.t.elem_size),
                };
                if !self.version.rules().has_clone {
                    self.print_panic(out, &format!("no maps.{what} before go1.21"));
                    return Ok(());
                }
                // SAFETY: a live map or nil.
                let n = unsafe { reflect::reflect_maplen(m.h) } as usize;
                let mut room = vec![0_u64; (n * size).div_ceil(8)];
                let data = room.as_mut_ptr().expose_provenance();
                let mut s = SliceHeader { data: data as u64, len: 0, cap: n as i64 };
                self.seed(&m);
                self.begin(&f.join(" "), &m, None);
                // SAFETY: a live map, and room for as many as it holds.
                let done = self.guard(out, || unsafe {
                    watched!(self.watcher, p => match what {
                        "keys" => keys::keys(&m.t, m.h, &mut s, p),
                        _ => keys::values(&m.t, m.h, &mut s, p),
                    });
                });
                if done.is_some() {
                    self.end(&Ended::Well);
                    let at: Vec<usize> = (0..s.len as usize).map(|i| data + i * size).collect();
                    self.list(what, &at, &m, out);
                }
                return Ok(());
            }
        }
        self.after(out, &m);
        Ok(())
    }

    /// Prints keys or elements.
    fn list(&mut self, what: &str, at: &[usize], m: &Map, out: &mut String) {
        let mut all = Vec::new();
        for &at in at {
            let mut text = String::new();
            match what {
                "keys" => m.kind.key(&mut self.names, &m.t, at, &mut text),
                _ => m.kind.elem(&mut self.names, &m.t, at, &mut text),
            }
            all.push(quote(&text));
        }
        let _ = writeln!(out, "{{\"{what}\":[{}]}}", all.join(","));
    }
}
