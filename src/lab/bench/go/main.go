// Command gobench runs gohmap's benchmarks on a real Go map, one sample at a time, for whoever talks to it as common.go says. A
// case is WORKLOAD ORDER N OPS. The workloads and keys are those of src/lab/bench/subject.rs and keys.rs; a file key_*.go has
// what differs by the keys' type.
package main

import (
	"math/bits"
	"runtime"
	"time"
)

const (
	rebuilt = 1 << 15
	dropped = 1 << 14
	absent  = 1 << 40 // numbers from here on are of keys that no map has
)

// keys are n keys, whose numbers number says.
func keys(n int, number func(i uint64) uint64) []K {
	ks := make([]K, n)
	for i := range ks {
		ks[i] = key(number(uint64(i)))
	}
	return ks
}

// A run is a case and what it needs.
type run struct {
	workload, order string
	n, ops          int
	entries         int
	keys            []K
	m               map[K]uint64
	gone            int
}

func (r *run) fingerprint() uint64 {
	h := uint64(len(r.keys))
	for _, k := range r.keys {
		h = bits.RotateLeft64(h^print(k), 5) * golden
	}
	return h
}

var sink uint64

func prepare(fields string) sampler {
	var workload, order string
	var n, ops int
	scan(fields, &workload, &order, &n, &ops)
	r := &run{workload: workload, order: order, n: n, ops: ops, entries: n}
	hot := order == "hot"
	switch workload {
	case "assign-hit", "read-hit", "read-dep":
		r.keys = keys(ops, func(j uint64) uint64 {
			if hot {
				j = 0
			}
			return choice(j, uint64(n))
		})
	case "read-miss":
		r.keys = keys(ops, func(j uint64) uint64 {
			if hot {
				j = 0
			}
			return absent + j
		})
	case "build", "build-hint":
		r.keys = keys(n, func(i uint64) uint64 { return i })
	case "iterate-growing":
		buckets := 1
		for n > max(8, buckets*13/2) {
			buckets *= 2
		}
		r.entries = max(8, buckets*13/2) + 1
	case "iterate", "churn":
	default:
		fail("no workload %q", workload)
	}
	return r
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func filled(n int) map[K]uint64 {
	m := make(map[K]uint64)
	for i := uint64(0); i < uint64(n); i++ {
		m[key(i)] = value
	}
	return m
}

func (r *run) sample() float64 {
	if r.workload == "build" || r.workload == "build-hint" {
		return r.build()
	}
	if r.n <= rebuilt && r.workload != "churn" {
		r.m = nil
	}
	if r.m == nil {
		r.m = filled(r.entries)
		runtime.GC()
	}
	switch r.workload {
	case "iterate", "iterate-growing":
		return r.iterate()
	case "churn":
		return r.churn()
	}
	r.pass(r.keys[:r.ops/4])
	return r.pass(r.keys)
}

func (r *run) pass(ks []K) float64 {
	m := r.m
	start := time.Now()
	switch {
	case r.workload == "assign-hit":
		for _, k := range ks {
			m[k] = value
		}
	case r.workload == "read-dep":
		i := 0
		for i < len(ks) {
			i += int(m[ks[i]]) - (value - 1)
		}
	case r.workload == "read-miss" && r.order == "hot":
		misses := uint64(0)
		for _, k := range ks {
			if m[k] == 0 {
				misses++
			}
		}
		sink += misses
	default:
		sum := uint64(0)
		for _, k := range ks {
			sum += m[k]
		}
		sink += sum
	}
	return per(start, len(ks))
}

func (r *run) build() float64 {
	ks := r.keys
	repeats := max(1, r.ops/r.n)
	if r.n > dropped {
		one := func() time.Duration {
			runtime.GC()
			start := time.Now()
			m := r.make()
			for _, k := range ks {
				m[k] = value
			}
			t := time.Since(start)
			sink += uint64(len(m))
			return t
		}
		if r.warmsUp() {
			one()
		}
		var t time.Duration
		for i := 0; i < repeats; i++ {
			t += one()
		}
		return float64(t.Nanoseconds()) / float64(r.n*repeats)
	}
	start := time.Now()
	for i := 0; i < repeats; i++ {
		m := r.make()
		for _, k := range ks {
			m[k] = value
		}
		sink += uint64(len(m))
	}
	return per(start, r.n*repeats)
}

//go:noinline
func (r *run) make() map[K]uint64 {
	if r.workload == "build-hint" {
		return make(map[K]uint64, r.n)
	}
	return make(map[K]uint64)
}

func (r *run) iterate() float64 {
	repeats := max(1, r.ops/r.entries)
	if r.warmsUp() {
		r.iterateOnce()
	}
	start := time.Now()
	for i := 0; i < repeats; i++ {
		r.iterateOnce()
	}
	return per(start, r.entries*repeats)
}

func (r *run) iterateOnce() {
	ks, sum := uint64(0), uint64(0)
	for k, v := range r.m {
		ks ^= fold(k)
		sum += v
	}
	sink += ks ^ sum
}

func (r *run) churn() float64 {
	pairs := r.ops / 2
	old := keys(pairs, func(i uint64) uint64 { return uint64(r.gone) + i })
	fresh := keys(pairs, func(i uint64) uint64 { return uint64(r.gone+r.n) + i })
	r.gone += pairs
	r.replace(old[:pairs/5], fresh)
	return r.replace(old[pairs/5:], fresh[pairs/5:])
}

func (r *run) replace(old, fresh []K) float64 {
	m := r.m
	start := time.Now()
	for i, k := range old {
		delete(m, k)
		m[fresh[i]] = value
	}
	return per(start, len(old))
}

// warmsUp is Case.warms_up of workload.rs.
func (r *run) warmsUp() bool { return r.entries <= r.ops }

func per(start time.Time, ops int) float64 {
	return float64(time.Since(start).Nanoseconds()) / float64(ops)
}

func main() {
	answer(prepare)
	_ = sink
}
