package main

import (
	"fmt"
	"unsafe"

	"goldens/hm"
)

// forKey goes through the table with a key of a comparable type.
//
//go:noinline
func forKey[K comparable](kind string, k, other K) {
	var m map[K]int64
	states := []struct {
		name string
		make func() map[K]int64
	}{
		{"nil", func() map[K]int64 { return nil }},
		{"empty", func() map[K]int64 { return map[K]int64{} }},
		{"zeroed", func() map[K]int64 {
			h := zeroed()
			return *(*map[K]int64)(unsafe.Pointer(&h))
		}},
		{"sized", func() map[K]int64 { return make(map[K]int64, 100) }},
		{"emptied", func() map[K]int64 {
			m := make(map[K]int64)
			m[other] = 1
			delete(m, other)
			return m
		}},
	}
	operations := []struct {
		name string
		run  func() string
	}{
		{"header", func() string {
			if m == nil {
				return "none"
			}
			h := hm.H(m)
			return fmt.Sprintf("count %d, B %d, %s", h.Count, h.B, buckets(h))
		}},
		{"m == nil", func() string { return fmt.Sprint(m == nil) }},
		{"len(m)", func() string { return fmt.Sprint(len(m)) }},
		{"m[k]", func() string { return fmt.Sprint(m[k]) }},
		{"v, ok := m[k]", func() string {
			v, ok := m[k]
			return fmt.Sprintf("%d, %v", v, ok)
		}},
		{"range m", func() string {
			n := 0
			for range m {
				n++
			}
			return fmt.Sprintf("%d iterations", n)
		}},
		{"delete(m, k)", func() string {
			delete(m, k)
			return "nothing"
		}},
		{"m[k] = 1", func() string {
			m[k] = 1
			return fmt.Sprintf("len %d, %s", len(m), buckets(hm.H(m)))
		}},
		{"m[k]++", func() string {
			m[k]++
			return fmt.Sprintf("m[k] is %d", m[k])
		}},
		{"m[k] += 5", func() string {
			m[k] += 5
			return fmt.Sprintf("m[k] is %d", m[k])
		}},
	}
	for _, s := range states {
		for _, o := range operations {
			m = s.make()
			say(kind, s.name, o.name, outcome(o.run))
		}
		newer(kind, s.name, s.make)
	}
}
