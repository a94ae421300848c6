// Command inspected has maps of many types in many states, says what is in them, and waits until its standard input ends.
//
// A map is told as "map NAME LEN", with a line "KEY: ELEM" behind a tab for each entry; those of broken.go as "healthy NAME
// LEN" and "plant NAME RULE". With an argument, it goes on writing to one of them.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"unsafe"
)

type Point struct{ X, Y int32 }

type Mixed struct {
	N uint8
	F float64
	_ int16
	C complex128
	B bool
}

type Namer interface{ Name() string }

type Number int16

func (n Number) Name() string { return strconv.Itoa(int(n)) }

type Text struct{ A, B string }

func (t Text) Name() string { return t.A }

type Handle uintptr

type Server struct {
	Name  string
	Inner *Inner
}

type Inner struct {
	pad   [3]byte
	Cache map[string]Handle
}

// hmap is the part of a map's header that all versions have.
type hmap struct {
	count      int
	flags      uint8
	B          uint8
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
	nevacuate  uintptr
}

var (
	words     = map[uint64]uint64{}
	small     = map[int8]bool{}
	empty     = map[string]int{}
	nilMap    map[string]int
	names     = map[string]string{}
	points    = map[Point]Mixed{}
	anys      = map[interface{}]interface{}{}
	namers    = map[Namer]Handle{}
	pointers  = map[*Point]*Point{}
	indirect  = map[[20]uint64][30]uint32{}
	floats    = map[float64]float32{}
	sets      = map[uint16]struct{}{}
	growing   = map[uint64]uint64{}
	sameSize  = map[uint64]uint64{}
	sameSizeS = map[string]uint64{}
	deleted   = map[uint32]uint32{}
	million   = map[uint64]uint64{}
	server    = &Server{"s", &Inner{Cache: map[string]Handle{"one": 1, "two": 2}}}

	busy       = map[uint64]uint64{}
	miscounted = map[uint64]uint64{}
	mismarked  = map[uint64]uint64{}
)

func header(m *map[uint64]uint64) *hmap { return *(**hmap)(unsafe.Pointer(m)) }

// churn brings a map into a growth of the same size, with n entries.
func churn(n uint64, set, del func(k uint64), h *hmap) {
	for k := uint64(0); ; k++ {
		set(k)
		if k >= n {
			del(k - n)
		}
		if h.oldbuckets != nil && h.flags&8 != 0 && uint64(h.count) == n {
			return
		}
	}
}

func tell(name string, n int, entries func(entry func(k, v string))) {
	fmt.Printf("map %s %d\n", name, n)
	entries(func(k, v string) { fmt.Printf("\t%s: %s\n", k, v) })
}

// show writes a value as gohmap does.
func show(v interface{}) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return strconv.Quote(v)
	case Text:
		return fmt.Sprintf("{A:%q B:%q}", v.A, v.B)
	case *Point:
		return fmt.Sprintf("%p", v)
	}
	return fmt.Sprintf("%+v", v)
}

// held writes the value of an interface.
func held(v interface{}) string {
	if v == nil {
		return "nil"
	}
	name := fmt.Sprintf("%T", v)
	if n, ok := v.(Number); ok {
		return fmt.Sprintf("%s(%d)", name, int16(n))
	}
	return name + "(" + show(v) + ")"
}

func main() {
	if !classic {
		// Nothing of what follows is true of a Swiss map.
		empty["one"] = 1
		fmt.Println("ready")
		io.Copy(io.Discard, os.Stdin)
		return
	}
	for i := 0; i < 1000; i++ {
		words[uint64(i)*i64(i)] = uint64(i)
		names[fmt.Sprint("key ", i)] = fmt.Sprintf("say \"%d\"\n", i)
		deleted[uint32(i)] = 7
	}
	for i := 0; i < 990; i++ {
		delete(deleted, uint32(i))
	}
	for i := 0; i < 5; i++ {
		small[int8(-i)] = i%2 == 0
	}
	for i := 0; i < 50; i++ {
		p := &Point{int32(i), int32(-i)}
		points[*p] = Mixed{uint8(i), float64(i) / 8, 0, complex(float64(i), -0.5), i%3 == 0}
		pointers[p] = p
		anys[i] = *p
		anys[fmt.Sprint(i)] = nil
		anys[float64(i)+0.25] = Text{"a", fmt.Sprint(i)}
		anys[*p] = [2]string{"x", "y"}[i%2]
		namers[Number(i)] = Handle(i)
		namers[Text{fmt.Sprint(i), "b"}] = Handle(i)
		indirect[[20]uint64{uint64(i)}] = [30]uint32{uint32(i)}
		floats[float64(i)*0.1] = float32(i) * 0.1
		sets[uint16(i)] = struct{}{}
	}
	nan := floats[1e300]
	floats[float64(nan)/float64(nan)] = 1
	anys[nil] = true
	// At the 105th a growth begins; with some hash0 it is over by then, one time in thirteen.
	for i := uint64(0); i < 105 || header(&growing).oldbuckets == nil; i++ {
		growing[i] = i
	}
	churn(181, func(k uint64) { sameSize[k] = k }, func(k uint64) { delete(sameSize, k) }, header(&sameSize))
	churn(181, func(k uint64) { sameSizeS[fmt.Sprint(k)] = k }, func(k uint64) { delete(sameSizeS, fmt.Sprint(k)) },
		*(**hmap)(unsafe.Pointer(&sameSizeS)))
	for i := uint64(0); i < 1000000; i++ {
		million[i*7] = i
	}

	grow()
	for i, m := range healthy {
		fmt.Printf("healthy main.healthy[%d] %d\n", i, len(m))
	}
	for i, m := range healthyS {
		fmt.Printf("healthy main.healthyS[%d] %d\n", i, len(m))
	}
	tell("main.words", len(words), func(entry func(k, v string)) {
		for k, v := range words {
			entry(show(k), show(v))
		}
	})
	tell("main.small", len(small), func(entry func(k, v string)) {
		for k, v := range small {
			entry(show(k), show(v))
		}
	})
	tell("main.empty", len(empty), func(entry func(k, v string)) {})
	tell("main.nilMap", len(nilMap), func(entry func(k, v string)) {})
	tell("main.names", len(names), func(entry func(k, v string)) {
		for k, v := range names {
			entry(show(k), show(v))
		}
	})
	tell("main.points", len(points), func(entry func(k, v string)) {
		for k, v := range points {
			entry(show(k), show(v))
		}
	})
	tell("main.anys", len(anys), func(entry func(k, v string)) {
		for k, v := range anys {
			entry(held(k), held(v))
		}
	})
	tell("main.namers", len(namers), func(entry func(k, v string)) {
		for k, v := range namers {
			entry(held(k), show(v))
		}
	})
	tell("main.pointers", len(pointers), func(entry func(k, v string)) {
		for k, v := range pointers {
			entry(show(k), show(v))
		}
	})
	tell("main.indirect", len(indirect), func(entry func(k, v string)) {
		for k, v := range indirect {
			entry(show(k), show(v))
		}
	})
	tell("main.floats", len(floats), func(entry func(k, v string)) {
		for k, v := range floats {
			entry(show(k), show(v))
		}
	})
	tell("main.sets", len(sets), func(entry func(k, v string)) {
		for k, v := range sets {
			entry(show(k), show(v))
		}
	})
	tell("main.deleted", len(deleted), func(entry func(k, v string)) {
		for k, v := range deleted {
			entry(show(k), show(v))
		}
	})
	tell("main.growing", len(growing), func(entry func(k, v string)) {
		for k, v := range growing {
			entry(show(k), show(v))
		}
	})
	tell("main.sameSize", len(sameSize), func(entry func(k, v string)) {
		for k, v := range sameSize {
			entry(show(k), show(v))
		}
	})
	tell("main.sameSizeS", len(sameSizeS), func(entry func(k, v string)) {
		for k, v := range sameSizeS {
			entry(show(k), show(v))
		}
	})
	tell("main.server.Inner.Cache", len(server.Inner.Cache), func(entry func(k, v string)) {
		for k, v := range server.Inner.Cache {
			entry(show(k), show(v))
		}
	})
	tell("main.shards[2].Sets[1]", len(shards[2].Sets[1]), func(entry func(k, v string)) {
		for k, v := range shards[2].Sets[1] {
			entry(show(k), show(v))
		}
	})
	tell("main.million", len(million), func(entry func(k, v string)) {
		for k, v := range million {
			entry(show(k), show(v))
		}
	})

	// Not told: these are broken on purpose.
	for i := uint64(0); i < 20; i++ {
		miscounted[i] = i
		mismarked[i] = i
	}
	header(&miscounted).count++
	// Other marks of the entries in the four buckets of the array: one of these alone may be empty.
	for b := uintptr(0); b < 4; b++ {
		marks := (*[8]uint8)(unsafe.Add(header(&mismarked).buckets, 144*b))
		for i := range marks {
			if marks[i] > 4 && marks[i]^0x40 > 4 {
				marks[i] ^= 0x40
			}
		}
	}
	sow()
	if len(os.Args) > 1 {
		go write()
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

// write never ends: entries come and go.
func write() {
	for k := uint64(0); ; k++ {
		busy[k] = k
		delete(busy, k-k%97)
		if k%1000 == 0 {
			busy = map[uint64]uint64{}
		}
	}
}

func i64(i int) uint64 { return uint64(i) }
