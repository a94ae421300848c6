// Every operation on maps without entries: nil maps, and empty ones with and without buckets.
//
// A line is the kind of the keys, the state of the map, the operation, and what came of it, between tabs.
package main

import (
	"fmt"
	"strings"
	"unsafe"

	"goldens/hm"
)

// outcome runs an operation and says what it came to.
func outcome(f func() string) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = fmt.Sprint("panic: ", r)
		}
	}()
	return f()
}

// buckets says whether a map that is not nil has buckets.
func buckets(h *hm.Hmap) string {
	if h.Buckets == 0 {
		return "no buckets"
	}
	return "buckets"
}

// zeroed returns the address of a header that is all zeroes.
func zeroed() unsafe.Pointer {
	return unsafe.Pointer(&struct {
		_ [2]uint64
		_ [5]unsafe.Pointer
	}{})
}

func say(cells ...string) { fmt.Println(strings.Join(cells, "\t")) }

func table() {
	forKey("uint64", uint64(7), 1)
	forKey("uint32", uint32(7), 1)
	forKey("string", "k", "l")
	forKey("struct", [2]int64{7, 8}, [2]int64{1, 2})
	forKey("float64", 7.5, 1.5)
	forAny("any(int)", 7)
	forAny("any([]any)", []any{1})
	forAny("any(func)", func() {})
}

func main() {
	hm.Pick([]hm.Case{{"table", table}})()
}
