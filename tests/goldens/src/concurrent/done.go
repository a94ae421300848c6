package main

import (
	"fmt"
	"unsafe"

	"goldens/hm"
)

// The check at the END of mapassign/mapdelete: a private copy of the map type with a hasher that
// flips hashWriting between the first check and the runtime's own XOR, as a second writer would.

//go:linkname rtassign runtime.mapassign_fast64
func rtassign(t, h unsafe.Pointer, key uint64) unsafe.Pointer

//go:linkname rtdelete runtime.mapdelete_fast64
func rtdelete(t, h unsafe.Pointer, key uint64)

func hookedType(hook func()) unsafe.Pointer {
	var e any = m64
	t := *(*unsafe.Pointer)(unsafe.Pointer(&e))
	cp := new([16]unsafe.Pointer)
	copy(cp[:], (*[16]unsafe.Pointer)(t)[:])
	orig := *(*func(unsafe.Pointer, uintptr) uintptr)(unsafe.Pointer(&cp[9])) // hasher at offset 72
	f := func(p unsafe.Pointer, seed uintptr) uintptr {
		hook()
		return orig(p, seed)
	}
	cp[9] = *(*unsafe.Pointer)(unsafe.Pointer(&f))
	return unsafe.Pointer(cp)
}

//go:noinline
func done_assign() {
	rtassign(hookedType(func() { hm.H(m64).Flags ^= hm.FlagHashWriting }), hm.Ptr(m64), 5)
	fmt.Println("not reached")
}

//go:noinline
func done_delete() {
	rtdelete(hookedType(func() { hm.H(m64).Flags ^= hm.FlagHashWriting }), hm.Ptr(m64), 1)
	fmt.Println("not reached")
}

func init() {
	extra = append(extra, hm.Case{Name: "done_assign", Fn: done_assign}, hm.Case{Name: "done_delete", Fn: done_delete})
}
