// One concrete type per map type, so that the compiler picks the functions it picks for user code.
package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

type S3 struct {
	A uint8
	F float64
	S string
}

func pU(s string) uint64 {
	x, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return x
}
func pS(s string) string {
	if strings.HasPrefix(s, "x:") {
		b, _ := hex.DecodeString(s[2:])
		return string(b)
	}
	return s
}
func pA(s string) [2]uint64 { a, b, _ := strings.Cut(s, ","); return [2]uint64{pU(a), pU(b)} }
func pF(s string) float64 {
	if strings.HasPrefix(s, "0x") {
		return math.Float64frombits(pU(s))
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return x
}
func pS3(s string) S3 { p := strings.Split(s, ","); return S3{uint8(pU(p[0])), pF(p[1]), p[2]} }
func pAny(s string) any {
	a, b, _ := strings.Cut(s, ":")
	switch a {
	case "i":
		return int(pU(b))
	case "s":
		return b
	case "f":
		return pF(b)
	case "u8":
		return uint8(pU(b))
	case "st":
		return pS3(b)
	case "nil":
		return nil
	case "slice":
		return []int{1}
	case "a":
		return pA(b)
	}
	panic("bad any " + s)
}
func mkS(v uint64) string { return "v" + strconv.FormatUint(v, 10) }
func mkT2(v uint64) T2    { x := new(uint64); *x = v; return T2{x, mkS(v)} }
func encS3(p unsafe.Pointer) string {
	v := (*S3)(p)
	return fmt.Sprintf("%d,%016x,%s", v.A, math.Float64bits(v.F), encStr(unsafe.Pointer(&v.S)))
}

type m_u64 struct {
	m map[uint64]uint64
	d *mdesc
}

func wrap_u64(m map[uint64]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_u64{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 8) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_u64) set(k string, v uint64) { kk := pU(k); x.m[kk] = v }
func (x *m_u64) get(k string) (func() string, bool) {
	kk := pU(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_u64) del(k string) { kk := pU(k); delete(x.m, kk) }
func (x *m_u64) desc() *mdesc { return x.d }

type m_u32 struct {
	m map[uint32]uint64
	d *mdesc
}

func wrap_u32(m map[uint32]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_u32{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 4) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_u32) set(k string, v uint64) { kk := uint32(pU(k)); x.m[kk] = v }
func (x *m_u32) get(k string) (func() string, bool) {
	kk := uint32(pU(k))
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_u32) del(k string) { kk := uint32(pU(k)); delete(x.m, kk) }
func (x *m_u32) desc() *mdesc { return x.d }

type m_i32s struct {
	m map[int32]string
	d *mdesc
}

func wrap_i32s(m map[int32]string) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_i32s{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 4) }, func(p unsafe.Pointer) string { return encStr(p) }}}
}

//go:noinline
func (x *m_i32s) set(k string, v uint64) { kk := int32(pU(k)); x.m[kk] = mkS(v) }
func (x *m_i32s) get(k string) (func() string, bool) {
	kk := int32(pU(k))
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_i32s) del(k string) { kk := int32(pU(k)); delete(x.m, kk) }
func (x *m_i32s) desc() *mdesc { return x.d }

type m_str struct {
	m map[string]uint64
	d *mdesc
}

func wrap_str(m map[string]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_str{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return encStr(p) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_str) set(k string, v uint64) { kk := pS(k); x.m[kk] = v }
func (x *m_str) get(k string) (func() string, bool) {
	kk := pS(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_str) del(k string) { kk := pS(k); delete(x.m, kk) }
func (x *m_str) desc() *mdesc { return x.d }

type m_arr struct {
	m map[[2]uint64]uint64
	d *mdesc
}

func wrap_arr(m map[[2]uint64]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_arr{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 16) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_arr) set(k string, v uint64) { kk := pA(k); x.m[kk] = v }
func (x *m_arr) get(k string) (func() string, bool) {
	kk := pA(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_arr) del(k string) { kk := pA(k); delete(x.m, kk) }
func (x *m_arr) desc() *mdesc { return x.d }

type m_f64 struct {
	m map[float64]uint64
	d *mdesc
}

func wrap_f64(m map[float64]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_f64{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 8) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_f64) set(k string, v uint64) { kk := pF(k); x.m[kk] = v }
func (x *m_f64) get(k string) (func() string, bool) {
	kk := pF(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_f64) del(k string) { kk := pF(k); delete(x.m, kk) }
func (x *m_f64) desc() *mdesc { return x.d }

type m_any struct {
	m map[any]int
	d *mdesc
}

func wrap_any(m map[any]int) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_any{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return encAny(p) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_any) set(k string, v uint64) { kk := pAny(k); x.m[kk] = int(v) }
func (x *m_any) get(k string) (func() string, bool) {
	kk := pAny(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_any) del(k string) { kk := pAny(k); delete(x.m, kk) }
func (x *m_any) desc() *mdesc { return x.d }

type m_ptr struct {
	m map[*T]T2
	d *mdesc
}

func wrap_ptr(m map[*T]T2) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_ptr{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return encPtr(p) }, func(p unsafe.Pointer) string { return encT2(p) }}}
}

//go:noinline
func (x *m_ptr) set(k string, v uint64) { kk := keyPtr(pU(k)); x.m[kk] = mkT2(v) }
func (x *m_ptr) get(k string) (func() string, bool) {
	kk := keyPtr(pU(k))
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_ptr) del(k string) { kk := keyPtr(pU(k)); delete(x.m, kk) }
func (x *m_ptr) desc() *mdesc { return x.d }

type m_big struct {
	m map[[17]uint64][18]uint64
	d *mdesc
}

func wrap_big(m map[[17]uint64][18]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_big{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 136) }, func(p unsafe.Pointer) string { return hx(p, 144) }}}
}

//go:noinline
func (x *m_big) set(k string, v uint64) {
	kk := [17]uint64{0: pU(k), 16: pU(k) * 3}
	x.m[kk] = [18]uint64{v, 17: v}
}
func (x *m_big) get(k string) (func() string, bool) {
	kk := [17]uint64{0: pU(k), 16: pU(k) * 3}
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_big) del(k string) { kk := [17]uint64{0: pU(k), 16: pU(k) * 3}; delete(x.m, kk) }
func (x *m_big) desc() *mdesc { return x.d }

type m_zel struct {
	m map[uint64]struct{}
	d *mdesc
}

func wrap_zel(m map[uint64]struct{}) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_zel{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 8) }, func(p unsafe.Pointer) string { return hx(p, 0) }}}
}

//go:noinline
func (x *m_zel) set(k string, v uint64) { kk := pU(k); x.m[kk] = struct{}{} }
func (x *m_zel) get(k string) (func() string, bool) {
	kk := pU(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_zel) del(k string) { kk := pU(k); delete(x.m, kk) }
func (x *m_zel) desc() *mdesc { return x.d }

type m_zky struct {
	m map[struct{}]uint64
	d *mdesc
}

func wrap_zky(m map[struct{}]uint64) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_zky{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 0) }, func(p unsafe.Pointer) string { return hx(p, 8) }}}
}

//go:noinline
func (x *m_zky) set(k string, v uint64) { kk := struct{}{}; x.m[kk] = v }
func (x *m_zky) get(k string) (func() string, bool) {
	kk := struct{}{}
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_zky) del(k string) { kk := struct{}{}; delete(x.m, kk) }
func (x *m_zky) desc() *mdesc { return x.d }

type m_st struct {
	m map[S3]uint16
	d *mdesc
}

func wrap_st(m map[S3]uint16) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_st{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return encS3(p) }, func(p unsafe.Pointer) string { return hx(p, 2) }}}
}

//go:noinline
func (x *m_st) set(k string, v uint64) { kk := pS3(k); x.m[kk] = uint16(v) }
func (x *m_st) get(k string) (func() string, bool) {
	kk := pS3(k)
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_st) del(k string) { kk := pS3(k); delete(x.m, kk) }
func (x *m_st) desc() *mdesc { return x.d }

type m_u8 struct {
	m map[uint8]bool
	d *mdesc
}

func wrap_u8(m map[uint8]bool) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	return &m_u8{m, &mdesc{"", e.t, (*hmap)(e.data), func(p unsafe.Pointer) string { return hx(p, 1) }, func(p unsafe.Pointer) string { return hx(p, 1) }}}
}

//go:noinline
func (x *m_u8) set(k string, v uint64) { kk := uint8(pU(k)); x.m[kk] = v&1 == 1 }
func (x *m_u8) get(k string) (func() string, bool) {
	kk := uint8(pU(k))
	v, ok := x.m[kk]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_u8) del(k string) { kk := uint8(pU(k)); delete(x.m, kk) }
func (x *m_u8) desc() *mdesc { return x.d }
func newMap(t string, hint int) tmap {
	switch t {
	case "u64":
		if hint == 0 {
			return wrap_u64(make(map[uint64]uint64))
		}
		return wrap_u64(make(map[uint64]uint64, hint))
	case "u32":
		if hint == 0 {
			return wrap_u32(make(map[uint32]uint64))
		}
		return wrap_u32(make(map[uint32]uint64, hint))
	case "i32s":
		if hint == 0 {
			return wrap_i32s(make(map[int32]string))
		}
		return wrap_i32s(make(map[int32]string, hint))
	case "str":
		if hint == 0 {
			return wrap_str(make(map[string]uint64))
		}
		return wrap_str(make(map[string]uint64, hint))
	case "arr":
		if hint == 0 {
			return wrap_arr(make(map[[2]uint64]uint64))
		}
		return wrap_arr(make(map[[2]uint64]uint64, hint))
	case "f64":
		if hint == 0 {
			return wrap_f64(make(map[float64]uint64))
		}
		return wrap_f64(make(map[float64]uint64, hint))
	case "any":
		if hint == 0 {
			return wrap_any(make(map[any]int))
		}
		return wrap_any(make(map[any]int, hint))
	case "ptr":
		if hint == 0 {
			return wrap_ptr(make(map[*T]T2))
		}
		return wrap_ptr(make(map[*T]T2, hint))
	case "big":
		if hint == 0 {
			return wrap_big(make(map[[17]uint64][18]uint64))
		}
		return wrap_big(make(map[[17]uint64][18]uint64, hint))
	case "zel":
		if hint == 0 {
			return wrap_zel(make(map[uint64]struct{}))
		}
		return wrap_zel(make(map[uint64]struct{}, hint))
	case "zky":
		if hint == 0 {
			return wrap_zky(make(map[struct{}]uint64))
		}
		return wrap_zky(make(map[struct{}]uint64, hint))
	case "st":
		if hint == 0 {
			return wrap_st(make(map[S3]uint16))
		}
		return wrap_st(make(map[S3]uint16, hint))
	case "u8":
		if hint == 0 {
			return wrap_u8(make(map[uint8]bool))
		}
		return wrap_u8(make(map[uint8]bool, hint))
	}
	panic("bad type " + t)
}
