// NaN keys, and zeroes of both signs.
package main

import (
	"fmt"
	"math"

	"goldens/hm"
)

var extra []hm.Case

func fill(n int) map[float64]int {
	m := map[float64]int{}
	for i := 0; i < n; i++ {
		m[math.NaN()] = i
	}
	return m
}

//go:noinline
func basics() {
	m := fill(1000)
	fmt.Println("len", len(m))
	v, ok := m[math.NaN()]
	fmt.Println("lookup", v, ok)
	delete(m, math.NaN())
	fmt.Println("after delete(NaN) len", len(m))
	sum, n, nan := 0, 0, true
	for k, v := range m {
		n++
		sum += v
		nan = nan && k != k
	}
	fmt.Println("range", n, "sum", sum, "all NaN", nan)
	for k := range m {
		delete(m, k)
	}
	fmt.Println("after range-delete loop len", len(m))
	m[1] = 1
	delete(m, 1)
	fmt.Println("len", len(m))
}

//go:noinline
func negzero() {
	m := map[float64]int{}
	m[0.0] = 1
	m[math.Copysign(0, -1)] = 2
	fmt.Println("len", len(m), "value", m[0])
	for k := range m {
		fmt.Println("key signbit", math.Signbit(k)) // needkeyupdate: the newer key replaces the older
	}
}

//go:noinline
func iface() {
	m := map[any]int{}
	for i := 0; i < 10; i++ {
		m[math.NaN()] = i
		m[complex(math.NaN(), 1)] = i
	}
	fmt.Println("any len", len(m))
	n := 0
	for range m {
		n++
	}
	fmt.Println("range", n)
}

//go:noinline
func complexkeys() {
	m := map[complex128]int{}
	for i := 0; i < 10; i++ {
		m[complex(math.NaN(), 1)] = i
	}
	_, ok := m[complex(math.NaN(), 1)]
	fmt.Println("complex len", len(m), ok)
}

// Growth and iteration at the same time: no NaN is lost or doubled.
//
//go:noinline
func growwhilerange() {
	m := fill(100)
	seen := 0
	for range m {
		seen++
		if seen < 2000 && len(m) < 3000 {
			m[math.NaN()] = 0
		}
		if seen > 100000 {
			break
		}
	}
	fmt.Println("iterations at least 100:", seen >= 100, "at most len:", seen <= len(m))
}

func main() {
	hm.Pick(append([]hm.Case{{"basics", basics}, {"negzero", negzero}, {"iface", iface}, {"complexkeys", complexkeys}, {"growwhilerange", growwhilerange}}, extra...))()
}
