package main

import "math"

// K is the type of the keys: numbers with a fraction, neither NaN nor zero.
type K = float64

func key(i uint64) K { return math.Float64frombits(word(i)&^(1<<62) | 1<<61) }

func print(k K) uint64 { return math.Float64bits(k) }

func fold(k K) uint64 { return math.Float64bits(k) }
