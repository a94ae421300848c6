package main

import (
	"fmt"

	"goldens/hm"
)

// Maps with keys of other kinds.

type key struct {
	n int
	v any
}

var (
	m  = map[key]int{{1, "a"}: 1, {2, "b"}: 2}
	ma = map[any]int{"a": 1}
	mt = map[string]int{"a": 1}
	mq = map[string]*int{}
)

//go:noinline
func hashpanic() {
	hm.Try("assign, hash panics", func() { m[key{1, []any{}}] = 1 })
	fmt.Println("writing flag:", hm.Writing(m), "len", len(m))
	hm.Try("delete, hash panics", func() { delete(m, key{1, []any{}}) })
	fmt.Println("writing flag:", hm.Writing(m), "len", len(m))
	hm.Try("read, hash panics", func() { _ = m[key{1, []any{}}] })
	m[key{3, "c"}] = 3
	delete(m, key{1, "a"})
	fmt.Println("usable: len", len(m), "read", m[key{3, "c"}])
	hm.Try("any key", func() { ma[func() {}] = 1 })
	fmt.Println("writing flag:", hm.Writing(ma))
	ma["b"] = 2
	fmt.Println("usable: len", len(ma))
}

// The value expression runs before mapassign.
//
//go:noinline
func valuepanic() {
	hm.Try("m[k] = boom()", func() { mt["z"] = boom() })
	_, present := mt["z"]
	fmt.Println("writing flag:", hm.Writing(mt), "key present:", present, "len", len(mt))
	hm.Try("m[k] += boom()", func() { mt["a"] += boom() })
	fmt.Println("a still", mt["a"])
}

//go:noinline
func nilvaluestore() {
	hm.Try("*mp[missing] = 1", func() { *mq["x"] = 1 })
	fmt.Println("len", len(mq))
}

//go:noinline
func divide() {
	zero := 0
	hm.Try("ms[new] /= 0", func() { mt["new"] /= zero })
	_, present := mt["new"]
	fmt.Println("writing flag:", hm.Writing(mt), "key present:", present)
}

//go:noinline
func rangepanic() {
	hm.Try("panic in range body", func() {
		for k := range mt {
			panic("in body of " + k)
		}
	})
	hm.Show("after", mt)
	mt["b"] = 2
	fmt.Println("usable: len", len(mt))
}

// A deferred call uses the same map while the panic is running.
//
//go:noinline
func nested() {
	defer func() {
		fmt.Println("recovered:", recover(), "len", len(ma))
	}()
	defer func() { ma["from defer"] = 1 }()
	ma[[]any{}] = 1
}

var keys = []hm.Case{
	{"hashpanic", hashpanic}, {"valuepanic", valuepanic}, {"nilvaluestore", nilvaluestore}, {"divide", divide},
	{"rangepanic", rangepanic}, {"nested", nested},
}
