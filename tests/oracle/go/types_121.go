//go:build go1.21

// One concrete type per map type, so that the compiler picks the functions it picks for user code.
package main

import "maps"

func (x *m_u64) clear()       { clear(x.m) }
func (x *m_u64) clone() tmap  { return wrap_u64(maps.Clone(x.m)) }
func (x *m_u32) clear()       { clear(x.m) }
func (x *m_u32) clone() tmap  { return wrap_u32(maps.Clone(x.m)) }
func (x *m_i32s) clear()      { clear(x.m) }
func (x *m_i32s) clone() tmap { return wrap_i32s(maps.Clone(x.m)) }
func (x *m_str) clear()       { clear(x.m) }
func (x *m_str) clone() tmap  { return wrap_str(maps.Clone(x.m)) }
func (x *m_arr) clear()       { clear(x.m) }
func (x *m_arr) clone() tmap  { return wrap_arr(maps.Clone(x.m)) }
func (x *m_f64) clear()       { clear(x.m) }
func (x *m_f64) clone() tmap  { return wrap_f64(maps.Clone(x.m)) }
func (x *m_any) clear()       { clear(x.m) }
func (x *m_any) clone() tmap  { return wrap_any(maps.Clone(x.m)) }
func (x *m_ptr) clear()       { clear(x.m) }
func (x *m_ptr) clone() tmap  { return wrap_ptr(maps.Clone(x.m)) }
func (x *m_big) clear()       { clear(x.m) }
func (x *m_big) clone() tmap  { return wrap_big(maps.Clone(x.m)) }
func (x *m_zel) clear()       { clear(x.m) }
func (x *m_zel) clone() tmap  { return wrap_zel(maps.Clone(x.m)) }
func (x *m_zky) clear()       { clear(x.m) }
func (x *m_zky) clone() tmap  { return wrap_zky(maps.Clone(x.m)) }
func (x *m_st) clear()        { clear(x.m) }
func (x *m_st) clone() tmap   { return wrap_st(maps.Clone(x.m)) }
func (x *m_u8) clear()        { clear(x.m) }
func (x *m_u8) clone() tmap   { return wrap_u8(maps.Clone(x.m)) }
