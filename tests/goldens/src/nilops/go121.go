//go:build go1.21

package main

import (
	"fmt"
	"maps"

	"goldens/hm"
)

//go:noinline
func clearnil() {
	clear(m64)
	fmt.Println("clear ok", len(m64))
}

//go:noinline
func clonenil() {
	c := maps.Clone(m64)
	fmt.Println("clone is nil:", c == nil, "len", len(c))
	e := maps.Clone(map[uint64]int{})
	fmt.Println("clone of empty is nil:", e == nil, "len", len(e))
	maps.DeleteFunc(m64, func(uint64, int) bool { return true })
	fmt.Println("DeleteFunc ok")
	fmt.Println("Equal nil/empty:", maps.Equal(m64, e))
	maps.Copy(m64, map[uint64]int{})
	fmt.Println("Copy of empty into nil ok")
}

//go:noinline
func copynil() {
	maps.Copy(m64, map[uint64]int{1: 1})
}

func init() {
	extra = append(extra, hm.Case{Name: "clearnil", Fn: clearnil}, hm.Case{Name: "clonenil", Fn: clonenil}, hm.Case{Name: "copynil", Fn: copynil})
}
