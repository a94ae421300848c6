package main

type mac [6]byte

// K is the type of the keys, for which the runtime has no functions of their own.
type K = mac

func key(i uint64) (k K) {
	const bits = 1<<48 - 1
	x := i
	x = (x ^ x>>24) * 0xbf58476d1ce4e5b9 & bits
	x = (x ^ x>>23) * 0x94d049bb133111eb & bits
	x ^= x >> 25
	for at := range k {
		k[at] = byte(x >> (8 * at))
	}
	return k
}

func print(k K) (all uint64) {
	for at := range k {
		all |= uint64(k[at]) << (8 * at)
	}
	return all
}

func fold(k K) uint64 { return uint64(k[0]) }
