//go:build go1.20

package main

import (
	"fmt"
	"sync"
	"unsafe"
)

type mirror struct {
	mu     sync.Mutex
	r      *readOnly
	dirty  map[any]*entry
	misses int
}

func look(m *sync.Map) *mirror { return (*mirror)(unsafe.Pointer(m)) }

func (l *mirror) read() readOnly {
	if l.r == nil {
		return readOnly{}
	}
	return *l.r
}

func later(m *sync.Map, op string, arg func(int) any) string {
	switch op {
	case "swap":
		return found(m.Swap(arg(1), arg(2)))
	case "compare-and-swap":
		return fmt.Sprint(m.CompareAndSwap(arg(1), arg(2), arg(3)))
	case "compare-and-delete":
		return fmt.Sprint(m.CompareAndDelete(arg(1), arg(2)))
	case "clear":
		any(m).(interface{ Clear() }).Clear()
		return "done"
	}
	panic("no such operation: " + op)
}
