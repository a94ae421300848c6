package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"unsafe"
)

// bmap is a bucket of a map[uint64]uint64.
type bmap struct {
	top         [8]uint8
	keys, elems [8]uint64
	overflow    *bmap
}

// mapextra is what a map's header leads to.
type mapextra struct {
	overflow, oldoverflow *[]*bmap
	nextOverflow          *bmap
}

// healthy are maps in all states of growth, each a little larger than the one before.
var (
	healthy  [60]map[uint64]uint64
	healthyS [40]map[string]uint64
)

// planted are broken on purpose, each in a way of its own.
var planted [29]map[uint64]uint64

// shards are as programs have them that many goroutines write to.
var shards [4]struct {
	pad  uint8
	Sets []map[string]bool
}

func grow() {
	for i := range healthy {
		m := map[uint64]uint64{}
		for k := uint64(0); k < uint64(i*7); k++ {
			m[k] = k
		}
		if i%4 == 3 {
			for k := uint64(0); k < uint64(i*7); k += 3 {
				delete(m, k)
			}
		}
		healthy[i] = m
		if i%6 == 5 {
			churn(uint64(100+i), func(k uint64) { m[k] = k }, func(k uint64) { delete(m, k) }, header(&healthy[i]))
		}
	}
	for i := range healthyS {
		m := map[string]uint64{}
		for k := 0; k < i*5; k++ {
			m[fmt.Sprint(k)] = uint64(k)
		}
		healthyS[i] = m
	}
	for i := range shards {
		shards[i].Sets = []map[string]bool{nil, {fmt.Sprint("shard ", i): true}}
	}
}

// A plant breaks a map, and the rule that it breaks has a name.
type plant struct {
	rule string
	do   func(h *hmap)
}

func (h *hmap) bucket(i uintptr) *bmap {
	return (*bmap)(unsafe.Pointer(uintptr(h.buckets) + i*unsafe.Sizeof(bmap{})))
}

func (h *hmap) extra() **mapextra {
	at := uintptr(40)
	if strings.HasPrefix(runtime.Version(), "go1.24") || strings.HasPrefix(runtime.Version(), "go1.25") {
		at = 48
	}
	return (**mapextra)(unsafe.Pointer(uintptr(unsafe.Pointer(h)) + at))
}

// live is the first slot with an entry whose neighbour has one too.
func (h *hmap) live() (*bmap, int) {
	for i := uintptr(0); ; i++ {
		for b, s := h.bucket(i), 0; s < 7; s++ {
			if b.top[s] > 4 && b.top[s+1] > 4 {
				return b, s
			}
		}
	}
}

// chained is the first bucket with an overflow bucket, nil when there is none.
func (h *hmap) chained() *bmap {
	for i := uintptr(0); i < 1<<h.B; i++ {
		if b := h.bucket(i); b.overflow != nil {
			return b
		}
	}
	return nil
}

func pointer(at uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }

var plants = []plant{
	{"count", func(h *hmap) { h.count++ }},
	{"count", func(h *hmap) { h.count = -1 }},
	{"flags", func(h *hmap) { h.flags = 0x40 }},
	{"writing", func(h *hmap) { h.flags = 4 }},
	{"same-size", func(h *hmap) { h.flags = 8 }},
	{"count", func(h *hmap) { h.B-- }},
	{"B", func(h *hmap) { h.B |= 0x80 }},
	{"noverflow", func(h *hmap) { h.noverflow++ }},
	{"tophash", func(h *hmap) { h.hash0 ^= 1 }},
	{"hash0", func(h *hmap) { h.hash0 = 0 }},
	{"pointer", func(h *hmap) { h.buckets = pointer(0x10) }},
	{"pointer", func(h *hmap) { h.buckets = pointer(1 << 63) }},
	{"pointer", func(h *hmap) { h.oldbuckets = h.buckets }},
	{"extra", func(h *hmap) { *h.extra() = nil }},
	{"bucket", func(h *hmap) {
		// Seven other keys at least: one of them belongs to another bucket.
		for b, s := h.live(); s < 8; s++ {
			b.keys[s] ^= 1 << 40
		}
		for b, s := h.chained(), 0; s < 8; s++ {
			b.keys[s] ^= 1 << 41
		}
	}},
	{"tophash", func(h *hmap) { b, s := h.live(); b.top[s] = b.top[s] ^ 0x80 | 0x40 }},
	{"count", func(h *hmap) { b, s := h.live(); b.top[s] = 1 }},
	{"empty-rest", func(h *hmap) { b, s := h.live(); b.top[s] = 0 }},
	{"mark", func(h *hmap) { h.chained().top[2] = 3 }},
	{"chain", func(h *hmap) { o := h.chained().overflow; o.overflow = o }},
	{"pointer", func(h *hmap) { h.chained().overflow = (*bmap)(pointer(0xdead0000beef)) }},
	{"pointer", func(h *hmap) {
		b := h.chained()
		b.overflow = (*bmap)(pointer(uintptr(unsafe.Pointer(b.overflow)) + 1))
	}},
	{"overflow-list", func(h *hmap) { h.chained().overflow = nil }},
	{"shared", func(h *hmap) {
		b := h.chained()
		for i := uintptr(0); ; i++ {
			if o := h.bucket(i); o.overflow == nil && o != b {
				o.overflow = b.overflow
				return
			}
		}
	}},
	{"shared", func(h *hmap) {
		b := h.chained()
		to := h.bucket(0)
		if to == b {
			to = h.bucket(1)
		}
		b.overflow = to
	}},
	{"duplicate", func(h *hmap) { b, s := h.live(); b.top[s+1], b.keys[s+1] = b.top[s], b.keys[s] }},
	{"next-overflow", func(h *hmap) { (*h.extra()).nextOverflow = (*bmap)(pointer(uintptr(h.buckets) + 8)) }},
	{"overflow-list", func(h *hmap) { l := (*h.extra()).overflow; *l = (*l)[:len(*l)-1] }},
	{"load", func(h *hmap) { h.count *= 4 }},
}

// sow breaks the planted maps. Nothing may collect garbage from then on.
func sow() {
	debug.SetGCPercent(-1)
	for i, p := range plants {
		// 64 buckets that are not growing, in any version; seldom without an overflow bucket, but hashes are drawn anew each time.
		for planted[i] == nil || header(&planted[i]).chained() == nil {
			m := map[uint64]uint64{}
			for k := uint64(0); k < 375; k++ {
				m[k] = k
			}
			planted[i] = m
		}
		p.do(header(&planted[i]))
		fmt.Printf("plant main.planted[%d] %s\n", i, p.rule)
	}
}
