package main

// K is the type of the keys.
type K = uint64

func key(i uint64) K { return word(i) }

func print(k K) uint64 { return k }

func fold(k K) uint64 { return k }
