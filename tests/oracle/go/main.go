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

// ---- script ------------------------------------------------------------
type tmap interface {
	set(k string, v uint64)
	get(k string) (func() string, bool)
	del(k string)
	clear()
	clone() tmap
	keys() []unsafe.Pointer
	values() []unsafe.Pointer
	// By package reflect.
	rset(k string, v uint64)
	rget(k string) (func() string, bool)
	rdel(k string)
	rrange(f func(k, e unsafe.Pointer))
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
			case "copykeys":
				var p []unsafe.Pointer
				withKeys(func() { p = m.keys() })
				showAll(&w, "keys", p, m.desc().encK)
				m = nil
			case "copyvalues":
				var p []unsafe.Pointer
				withKeys(func() { p = m.values() })
				showAll(&w, "values", p, m.desc().encE)
				m = nil
			case "rset":
				withKeys(func() { m.rset(f[2], u(3)) })
			case "rget":
				var s func() string
				var ok bool
				withKeys(func() { s, ok = m.rget(f[2]) })
				if ok {
					fmt.Fprintf(&w, "{\"rget\":%q}\n", s())
				} else {
					w.WriteString("{\"rget\":null}\n")
				}
				m = nil
			case "rdel":
				withKeys(func() { m.rdel(f[2]) })
			case "rrange":
				var k, e []unsafe.Pointer
				withKeys(func() { m.rrange(func(x, y unsafe.Pointer) { k, e = append(k, x), append(e, y) }) })
				showAll(&w, "keys", k, m.desc().encK)
				showAll(&w, "values", e, m.desc().encE)
				m = nil
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
		if !rngOn && m != nil && (f[0] == "del" || f[0] == "rdel" || f[0] == "clear") && m.desc().h != nil && m.desc().h.count == 0 {
			m.desc().h.hash0 = uint32(0x9e3779b9 * uint32(line))
		}
		if auto && m != nil && f[0] != "dump" && f[0] != "get" {
			m.desc().dump(&w)
		}
		out.WriteString(w.String())
	}
}
