package main

import (
	"encoding/binary"
	"math/bits"
)

type uuid [16]byte

// K is the type of the keys, for which the runtime has no functions of their own.
type K = uuid

func key(i uint64) (k K) {
	binary.LittleEndian.PutUint64(k[:], word(i))
	binary.LittleEndian.PutUint64(k[8:], word(i^1<<63))
	return k
}

func print(k K) uint64 {
	return binary.LittleEndian.Uint64(k[:]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(k[8:]), 1)
}

func fold(k K) uint64 { return binary.LittleEndian.Uint64(k[:]) }
