//go:build go1.21

package main

import (
	"fmt"
	"maps"
)

// newer goes through what Go 1.21 added.
func newer[K comparable](kind, state string, make func() map[K]int64) {
	say(kind, state, "clear(m)", outcome(func() string {
		m := make()
		clear(m)
		return fmt.Sprintf("len %d", len(m))
	}))
	say(kind, state, "maps.Clone(m)", outcome(func() string {
		c := maps.Clone(make())
		if c == nil {
			return "nil"
		}
		return fmt.Sprintf("len %d", len(c))
	}))
}

func newerAny(kind, state string, make func() map[any]int64) { newer(kind, state, make) }
