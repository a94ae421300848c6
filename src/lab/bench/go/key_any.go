package main

// K is the type of the keys: interfaces that hold numbers of 8 bytes.
type K = any

func key(i uint64) K { return word(i) }

func print(k K) uint64 { return k.(uint64) }

func fold(k K) uint64 { return 1 }
