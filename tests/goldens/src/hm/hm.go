// Package hm gives the golden scenarios raw access to the runtime map header.
package hm

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// Case is one named sub-scenario.
type Case struct {
	Name string
	Fn   func()
}

// growStack makes the goroutine's stack large before anything is tampered with: Go moves a stack that grows, and
// would look at every pointer on it.
//
//go:noinline
func growStack() byte {
	var a [100 << 10]byte
	for i := range a {
		a[i] = byte(len(os.Args))
	}
	return a[len(os.Args)]
}

var stack byte

// Pick returns the case named by os.Args[1]; "-list" prints all names.
func Pick(cases []Case) func() {
	stack = growStack()
	if len(os.Args) < 2 || os.Args[1] == "-list" {
		return func() {
			for _, c := range cases {
				fmt.Println(c.Name)
			}
		}
	}
	for _, c := range cases {
		if c.Name == os.Args[1] {
			return c.Fn
		}
	}
	fmt.Fprintln(os.Stderr, "no such case")
	os.Exit(99)
	return nil
}

// Ptr returns the address of the map header (hmap or swiss Map) held by m.
func Ptr[M any](m M) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&m))
}

// Report prints a recovered value: value, dynamic type, runtime.Error or not, Addr() or not.
func Report(r any) {
	if r == nil {
		fmt.Println("recovered: nil")
		return
	}
	_, isRT := r.(runtime.Error)
	_, isErr := r.(error)
	fmt.Printf("recovered: %v\n", r)
	fmt.Printf("type: %T\n", r)
	fmt.Printf("error: %v runtime.Error: %v\n", isErr, isRT)
	if a, ok := r.(interface{ Addr() uintptr }); ok {
		fmt.Printf("Addr(): %#x\n", a.Addr())
	} else {
		fmt.Println("Addr(): method absent")
	}
}

// Try runs f and reports what it panicked with, if anything.
func Try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Printf("%s: panicked\n", name)
			Report(r)
		}
	}()
	f()
	fmt.Printf("%s: returned normally\n", name)
}

// Fixed address used for all mapped regions so that output is stable.
const Region = uintptr(0x600000000000)

// Mmap maps n bytes at addr with prot; anonymous private.
func Mmap(addr, n uintptr, prot int) uintptr {
	const mapFixed = 0x10
	p, _, e := syscall.Syscall6(syscall.SYS_MMAP, addr, n, uintptr(prot),
		uintptr(syscall.MAP_PRIVATE|syscall.MAP_ANON|mapFixed), ^uintptr(0), 0)
	if e != 0 {
		fmt.Fprintln(os.Stderr, "mmap:", e)
		os.Exit(98)
	}
	return p
}

// Munmap unmaps.
func Munmap(addr, n uintptr) {
	if _, _, e := syscall.Syscall(syscall.SYS_MUNMAP, addr, n, 0); e != 0 {
		fmt.Fprintln(os.Stderr, "munmap:", e)
		os.Exit(98)
	}
}

// Mprotect changes protection.
func Mprotect(addr, n uintptr, prot int) {
	if _, _, e := syscall.Syscall(syscall.SYS_MPROTECT, addr, n, uintptr(prot)); e != 0 {
		fmt.Fprintln(os.Stderr, "mprotect:", e)
		os.Exit(98)
	}
}

// Bytes views n bytes at addr.
func Bytes(addr, n uintptr) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), n)
}
