package main

import (
	"fmt"
	"unsafe"

	"goldens/hm"
)

// forAny is forKey for interfaces, which are no comparable type arguments before Go 1.20.
//
//go:noinline
func forAny(kind string, k any) {
	var m map[any]int64
	states := []struct {
		name string
		make func() map[any]int64
	}{
		{"nil", func() map[any]int64 { return nil }},
		{"empty", func() map[any]int64 { return map[any]int64{} }},
		{"zeroed", func() map[any]int64 {
			h := zeroed()
			return *(*map[any]int64)(unsafe.Pointer(&h))
		}},
		{"sized", func() map[any]int64 { return make(map[any]int64, 100) }},
		{"emptied", func() map[any]int64 {
			m := make(map[any]int64)
			m[1] = 1
			delete(m, 1)
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
		newerAny(kind, s.name, s.make)
	}
}
