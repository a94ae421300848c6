package main

// What the oracle prints: maps, iterators, entries.

import (
	"encoding/hex"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// ---- pointer normalisation -------------------------------------------
type arr struct {
	ptr       unsafe.Pointer
	base, bsz uintptr
	n, alloc  int // regular buckets, all buckets
}

var arrays []arr

// keyed by unsafe.Pointer: everything once named is kept alive, so that an
// address never gets a second meaning.
var ovfID = map[unsafe.Pointer]int{}
var ptrID = map[unsafe.Pointer]int{}

var classToSize []uint16 // filled from runtime.class_to_size

func roundup(sz uintptr, noscan bool) uintptr {
	v122 := goMinor() >= 22
	if v122 {
		req := sz
		if req <= 32768-8 {
			if !noscan && req > 512 {
				req += 8
			}
			for _, c := range classToSize {
				if uintptr(c) >= req {
					return uintptr(c) - (req - sz)
				}
			}
		}
		return (req + 8191) &^ 8191
	}
	if sz < 32768 {
		for _, c := range classToSize {
			if uintptr(c) >= sz {
				return uintptr(c)
			}
		}
	}
	return (sz + 8191) &^ 8191
}

func goMinor() int {
	v := strings.TrimPrefix(runtime.Version(), "go1.")
	n := 0
	for n < len(v) && v[n] >= '0' && v[n] <= '9' {
		n++
	}
	m, _ := strconv.Atoi(v[:n])
	return m
}

func addArray(t *maptype, p unsafe.Pointer, B uint8) {
	if p == nil {
		return
	}
	for _, a := range arrays {
		if a.base == uintptr(p) {
			return
		}
	}
	n := 1 << B
	alloc := n
	if B >= 4 {
		want := uintptr(n + n>>4)
		sz := want * t.bucket.size
		if up := roundup(sz, t.bucket.ptrdata == 0); up != sz {
			want = up / t.bucket.size
		}
		alloc = int(want)
	}
	arrays = append(arrays, arr{p, uintptr(p), t.bucket.size, n, alloc})
}

func bref(p unsafe.Pointer) string {
	if p == nil {
		return "null"
	}
	u := uintptr(p)
	for i := len(arrays) - 1; i >= 0; i-- {
		a := arrays[i]
		if u >= a.base && u < a.base+a.bsz*uintptr(a.alloc) {
			d := u - a.base
			if d%a.bsz == 0 {
				return fmt.Sprintf("\"A%d+%d\"", i, d/a.bsz)
			}
			return fmt.Sprintf("\"A%d+%d.%d\"", i, d/a.bsz, d%a.bsz)
		}
	}
	id, ok := ovfID[p]
	if !ok {
		id = len(ovfID)
		ovfID[p] = id
	}
	return fmt.Sprintf("\"O%d\"", id)
}

func pref(p unsafe.Pointer) string {
	if p == nil {
		return "nil"
	}
	id, ok := ptrID[p]
	if !ok {
		id = len(ptrID)
		ptrID[p] = id
	}
	return fmt.Sprintf("P%d", id)
}

func hx(p unsafe.Pointer, n uintptr) string {
	if n == 0 {
		return ""
	}
	return hex.EncodeToString(unsafe.Slice((*byte)(p), n))
}

// enc prints one slot; typed, so pointers become ids and strings contents.
func encStr(p unsafe.Pointer) string {
	s := *(*string)(p)
	if *(*unsafe.Pointer)(p) == nil { // faststr delete clears only the pointer
		return fmt.Sprintf("s%d:nil", len(s))
	}
	return fmt.Sprintf("s%d:%s", len(s), hex.EncodeToString([]byte(s)))
}
func encAny(p unsafe.Pointer) string {
	v := *(*any)(p)
	switch x := v.(type) {
	case nil:
		return "nil"
	case string:
		return "string " + encStr(unsafe.Pointer(&x))
	case *P:
		return "*main.P " + encPtr(unsafe.Pointer(&x))
	default:
		return fmt.Sprintf("%T %v", v, v)
	}
}

type T struct{ a, b, c, d, e, f, g, h uint64 }
type T2 struct {
	p *uint64
	s string
}

func encPtr(p unsafe.Pointer) string { // fixed-address key objects
	u := *(*uintptr)(p)
	if u == 0 {
		return "nil"
	}
	return fmt.Sprintf("T#%d", (u-keyBase)/64)
}
func encT2(p unsafe.Pointer) string {
	v := (*T2)(p)
	x := "nil"
	if v.p != nil {
		x = fmt.Sprint(*v.p)
	}
	return pref(unsafe.Pointer(v.p)) + "=" + x + "," + encStr(unsafe.Pointer(&v.s))
}

const keyBase = 0x100000000000

func initKeyRegion() {
	_, _, e := syscall.Syscall6(syscall.SYS_MMAP, keyBase, 64<<20, 3, 0x32|0x4000, ^uintptr(0), 0)
	if e != 0 {
		panic(e)
	}
}
func keyPtr(i uint64) *T {
	u := uintptr(keyBase + i*64)
	return *(**T)(unsafe.Pointer(&u))
}

// ---- dump --------------------------------------------------------------
type mdesc struct {
	name       string
	t          *maptype
	h          *hmap
	encK, encE func(unsafe.Pointer) string
}

func (d *mdesc) bucket(w *strings.Builder, b unsafe.Pointer) {
	t := d.t
	w.WriteString("{\"th\":\"" + hx(b, 8) + "\",\"k\":[")
	for i := uintptr(0); i < 8; i++ {
		if i > 0 {
			w.WriteByte(',')
		}
		k := unsafe.Add(b, 8+i*uintptr(t.keysize))
		if t.flags&1 != 0 {
			ik := *(*unsafe.Pointer)(k)
			s := pref(ik)
			if ik != nil {
				s += "=" + d.encK(ik)
			}
			w.WriteString(strconv.Quote(s))
		} else {
			w.WriteString(strconv.Quote(d.encK(k)))
		}
	}
	w.WriteString("],\"e\":[")
	for i := uintptr(0); i < 8; i++ {
		if i > 0 {
			w.WriteByte(',')
		}
		e := unsafe.Add(b, 8+8*uintptr(t.keysize)+i*uintptr(t.elemsize))
		if t.flags&2 != 0 {
			ie := *(*unsafe.Pointer)(e)
			s := pref(ie)
			if ie != nil {
				s += "=" + d.encE(ie)
			}
			w.WriteString(strconv.Quote(s))
		} else {
			w.WriteString(strconv.Quote(d.encE(e)))
		}
	}
	ov := *(*unsafe.Pointer)(unsafe.Add(b, uintptr(t.bucketsize)-8))
	w.WriteString("],\"ov\":" + bref(ov) + "}")
}

func (d *mdesc) dump(w *strings.Builder) {
	t, h := d.t, d.h
	if h == nil {
		fmt.Fprintf(w, "{\"map\":%q,\"nil\":true}\n", d.name)
		return
	}
	oldB := h.B
	if h.oldbuckets != nil && h.flags&8 == 0 {
		oldB--
	}
	addArray(t, h.oldbuckets, oldB)
	addArray(t, h.buckets, h.B)
	fmt.Fprintf(w, `{"map":%q,"count":%d,"flags":%d,"B":%d,"noverflow":%d,"hash0":%d,"buckets":%s,"oldbuckets":%s,"nevacuate":%d`,
		d.name, h.count, h.flags, h.B, h.noverflow, h.hash0, bref(h.buckets), bref(h.oldbuckets), h.nevacuate)
	if c := clearSeq(h); c >= 0 {
		fmt.Fprintf(w, `,"clearSeq":%d`, c)
	}
	w.WriteString(`,"extra":`)
	if x := h.extra; x == nil {
		w.WriteString("null")
	} else {
		list := func(p *[]unsafe.Pointer) {
			if p == nil {
				w.WriteString("null")
				return
			}
			w.WriteByte('[')
			for i, b := range *p {
				if i > 0 {
					w.WriteByte(',')
				}
				w.WriteString(bref(b))
			}
			w.WriteByte(']')
		}
		w.WriteString(`{"overflow":`)
		list(x.overflow)
		w.WriteString(`,"oldoverflow":`)
		list(x.oldoverflow)
		w.WriteString(`,"nextOverflow":` + bref(x.nextOverflow) + "}")
	}
	for _, side := range []struct {
		name string
		p    unsafe.Pointer
	}{{"old", h.oldbuckets}, {"new", h.buckets}} {
		if side.p == nil {
			continue
		}
		var a arr
		for _, x := range arrays {
			if x.base == uintptr(side.p) {
				a = x
			}
		}
		fmt.Fprintf(w, `,%q:[`, side.name)
		for i := 0; i < a.alloc; i++ { // includes the preallocated overflow area
			if i > 0 {
				w.WriteByte(',')
			}
			d.bucket(w, unsafe.Add(side.p, uintptr(i)*a.bsz))
		}
		w.WriteString("]")
		// overflow buckets outside the array
		fmt.Fprintf(w, `,"%sovf":{`, side.name)
		first := true
		for i := 0; i < a.n; i++ {
			b := unsafe.Add(side.p, uintptr(i)*a.bsz)
			for n := 0; n < 1<<20; n++ {
				b = *(*unsafe.Pointer)(unsafe.Add(b, uintptr(t.bucketsize)-8))
				if b == nil {
					break
				}
				if r := bref(b); r[1] == 'O' {
					if !first {
						w.WriteByte(',')
					}
					first = false
					w.WriteString(r + ":")
					d.bucket(w, b)
				}
			}
		}
		w.WriteString("}")
	}
	w.WriteString("}\n")
}

// ---- iterators ---------------------------------------------------------
type iter struct {
	d  *mdesc
	it *hiter
}

// forceIter: the real mapiterinit is run once for its side effects (flags,
// createOverflow), then a second hiter is filled by hand with the scripted
// start bucket and offset and handed to the real mapiternext.
func forceIter(d *mdesc, start uintptr, off uint8) *iter {
	seed := new(hiter)
	mapiterinit(d.t, d.h, seed)
	it := new(hiter)
	it.t, it.h = d.t, d.h
	if d.h == nil || d.h.count == 0 {
		return &iter{d, it}
	}
	it.B, it.buckets = d.h.B, d.h.buckets
	it.overflow, it.oldoverflow = seed.overflow, seed.oldoverflow
	it.startBucket = start & (1<<d.h.B - 1)
	it.bucket = it.startBucket
	it.offset = off & 7
	if c := itClearSeq(it); c != nil {
		*c = *itClearSeq(seed)
	}
	mapiternext(it)
	return &iter{d, it}
}

func (x *iter) show(w *strings.Builder) bool {
	it := x.it
	if it.key == nil {
		fmt.Fprintf(w, "{\"iter\":%q,\"end\":true}\n", x.d.name)
		return false
	}
	fmt.Fprintf(w, "{\"iter\":%q,\"k\":%q,\"e\":%q,\"bucket\":%d,\"i\":%d,\"bptr\":%s,\"wrapped\":%v,\"check\":%d}\n",
		x.d.name, x.d.encK(it.key), x.d.encE(it.elem), it.bucket, it.i, bref(it.bptr), it.wrapped, int64(it.checkBucket))
	return true
}

func showAll(w *strings.Builder, what string, all []unsafe.Pointer, enc func(unsafe.Pointer) string) {
	fmt.Fprintf(w, "{%q:[", what)
	for i, p := range all {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(strconv.Quote(enc(p)))
	}
	w.WriteString("]}\n")
}
