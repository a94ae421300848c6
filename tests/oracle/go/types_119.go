//go:build !go1.21

// One concrete type per map type, so that the compiler picks the functions it picks for user code.
package main

func (x *m_u64) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_u64) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_u32) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_u32) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_i32s) clear()      { mapclear(x.d.t, x.d.h) }
func (x *m_i32s) clone() tmap { panic("no maps.Clone before go1.21") }
func (x *m_str) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_str) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_arr) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_arr) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_f64) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_f64) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_any) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_any) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_ptr) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_ptr) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_big) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_big) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_zel) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_zel) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_zky) clear()       { mapclear(x.d.t, x.d.h) }
func (x *m_zky) clone() tmap  { panic("no maps.Clone before go1.21") }
func (x *m_st) clear()        { mapclear(x.d.t, x.d.h) }
func (x *m_st) clone() tmap   { panic("no maps.Clone before go1.21") }
func (x *m_u8) clear()        { mapclear(x.d.t, x.d.h) }
func (x *m_u8) clone() tmap   { panic("no maps.Clone before go1.21") }
