package main

import "unsafe"

// K is the type of the keys: addresses of nothing, where Go has no memory.
type K = unsafe.Pointer

func key(i uint64) K {
	const low = 1<<43 - 1
	x := i
	x = (x ^ x>>21) * 0xbf58476d1ce4e5b9 & low
	x = (x ^ x>>20) * 0x94d049bb133111eb & low
	x ^= x >> 22
	return K(uintptr(1<<46 | x<<3))
}

func print(k K) uint64 { return uint64(uintptr(k)) }

func fold(k K) uint64 { return uint64(uintptr(k)) }
