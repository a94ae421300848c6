package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// ---- keys -------------------------------------------------------------
var keysched *[128]byte
var useAes *bool
var hashkey *[4]uint64
var scripted, fallback bool
var scriptKeys, savedKeys [128]byte
var scriptHashkey, savedHashkey [4]uint64

// withKeys runs f while runtime.aeskeysched holds the scripted keys, or, with
// those of the fallback hash scripted, with that in force.  The runtime's own
// maps (made at init with the start-up keys) are not touched inside f, so
// nothing else ever sees the foreign keys.
func withKeys(f func()) {
	if fallback {
		savedHashkey = *hashkey
		saved := *useAes
		*hashkey, *useAes = scriptHashkey, false
		defer func() { *hashkey, *useAes = savedHashkey, saved }()
	}
	if scripted {
		savedKeys = *keysched
		*keysched = scriptKeys
		defer func() { *keysched = savedKeys }()
	}
	if rngOn {
		setRng(opState(line))
	}
	f()
}

var line int
var rngOn bool

// opState is the wyrand state every op starts from: splitmix64 of its line.
func opState(n int) uint64 {
	z := uint64(n) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

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

// ---- script ------------------------------------------------------------
type tmap interface {
	set(k string, v uint64)
	get(k string) (func() string, bool)
	del(k string)
	clear()
	clone() tmap
	desc() *mdesc
}

func main() {
	runtime.MemProfileRate = 0 // heap sampling draws from m.fastrand on <= 1.21
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	initKeyRegion()
	sy := symAddrs("runtime.aeskeysched", "runtime.useAeshash", "runtime.hashkey", "runtime.class_to_size")
	keysched = (*[128]byte)(unsafe.Pointer(sy["runtime.aeskeysched"]))
	useAes = (*bool)(unsafe.Pointer(sy["runtime.useAeshash"]))
	hashkey = (*[4]uint64)(unsafe.Pointer(sy["runtime.hashkey"]))
	classToSize = unsafe.Slice((*uint16)(unsafe.Pointer(sy["runtime.class_to_size"])), 68)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	fmt.Fprintf(out, "{\"go\":%q,\"useAeshash\":%v,\"aeskeysched\":%q,\"hashkey\":%q}\n", runtime.Version(), *useAes,
		hex.EncodeToString(keysched[:]), fmt.Sprintf("%x", *hashkey))

	vars := map[string]tmap{}
	iters := map[string]*iter{}
	auto := false
	sc := bufio.NewScanner(os.Stdin)
	sc.Buffer(make([]byte, 1<<20), 1<<20)
	for sc.Scan() {
		line++
		f := strings.Fields(sc.Text())
		if len(f) == 0 || f[0][0] == '#' {
			continue
		}
		var w strings.Builder
		u := func(i int) uint64 {
			if i >= len(f) {
				return 0
			}
			x, err := strconv.ParseUint(f[i], 0, 64)
			if err != nil {
				panic(err)
			}
			return x
		}
		var m tmap
		if len(f) > 1 {
			m = vars[f[1]]
		}
		func() {
			defer func() {
				if e := recover(); e != nil {
					if os.Getenv("STK") != "" {
						os.Stderr.Write(debug.Stack())
					}
					fmt.Fprintf(&w, "{\"line\":%d,\"panic\":%q}\n", line, fmt.Sprint(e))
				}
			}()
			switch f[0] {
			case "keys":
				b, _ := hex.DecodeString(f[1])
				copy(scriptKeys[:], b)
				scripted = true
			case "hashkey":
				for i := range scriptHashkey {
					scriptHashkey[i] = u(i + 1)
				}
				fallback = true
			case "rng":
				rngOn = f[1] == "on"
			case "auto":
				auto = f[1] == "on"
			case "gc":
				runtime.GC()
			case "new":
				m = newMap(f[2], int(u(3)))
				m.desc().name = f[1]
				m.desc().h.hash0 = uint32(u(4))
				vars[f[1]] = m
			case "nil":
				m = nilMap(f[2])
				m.desc().name = f[1]
				vars[f[1]] = m
			case "fill":
				withKeys(func() {
					for i, end := u(2), u(3); i < end; i++ {
						m.set(strconv.FormatUint(i, 10), i)
					}
				})
			case "seed":
				m.desc().h.hash0 = uint32(u(2))
			case "set":
				withKeys(func() { m.set(f[2], u(3)) })
			case "get":
				var s func() string
				var ok bool
				withKeys(func() { s, ok = m.get(f[2]) })
				fmt.Fprintf(&w, "{\"get\":%q,\"ok\":%v}\n", s(), ok)
			case "del":
				withKeys(func() { m.del(f[2]) })
			case "clear":
				withKeys(func() { m.clear() })
			case "clone":
				withKeys(func() { m = m.clone() })
				m.desc().name = f[2]
				vars[f[2]] = m
			case "dump":
				m.desc().dump(&w)
			case "sum":
				var d strings.Builder
				m.desc().dump(&d)
				h := fnv.New64a()
				h.Write([]byte(d.String()))
				fmt.Fprintf(&w, "{\"sum\":\"%016x\",\"bytes\":%d}\n", h.Sum64(), d.Len())
				m = nil
			case "iter":
				// never touch another Go map inside withKeys: it would hash with the foreign keys
				var x *iter
				withKeys(func() { x = forceIter(m.desc(), uintptr(u(3)), uint8(u(4))) })
				iters[f[2]] = x
				x.show(&w)
				m = nil
			case "riter": // unforced: the real mapiterinit with the scripted rng
				x := &iter{m.desc(), new(hiter)}
				withKeys(func() { mapiterinit(x.d.t, x.d.h, x.it) })
				iters[f[2]] = x
				fmt.Fprintf(&w, "{\"start\":%d,\"offset\":%d}\n", x.it.startBucket, x.it.offset)
				x.show(&w)
				m = nil
			case "next":
				m = nil
				it := iters[f[1]]
				for n := u(2); n > 0; n-- {
					withKeys(func() { mapiternext(it.it) })
					if !it.show(&w) {
						break
					}
				}
			default:
				panic("bad op " + f[0])
			}
		}()
		// count==0 or clear re-rolls hash0 with runtime randomness: pin it
		if !rngOn && m != nil && (f[0] == "del" || f[0] == "clear") && m.desc().h != nil && m.desc().h.count == 0 {
			m.desc().h.hash0 = uint32(0x9e3779b9 * uint32(line))
		}
		if auto && m != nil && f[0] != "dump" && f[0] != "get" {
			m.desc().dump(&w)
		}
		out.WriteString(w.String())
	}
}
