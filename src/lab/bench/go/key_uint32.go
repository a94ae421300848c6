package main

// K is the type of the keys.
type K = uint32

func key(i uint64) K {
	x := uint32(i)
	if i >= absent {
		x = uint32(i-absent) | 1<<31
	}
	x = (x ^ x>>16) * 0x85ebca6b
	x = (x ^ x>>13) * 0xc2b2ae35
	return x ^ x>>16
}

func print(k K) uint64 { return uint64(k) }

func fold(k K) uint64 { return uint64(k) }
