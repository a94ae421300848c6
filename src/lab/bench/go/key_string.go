package main

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// K is the type of the keys: strings of 16 bytes.
type K = string

func key(i uint64) K { return fmt.Sprintf("%016x", word(i)) }

func print(k K) uint64 {
	b := []byte(k)
	return binary.LittleEndian.Uint64(b) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(b[8:]), 1)
}

func fold(k K) uint64 { return uint64(len(k)) }
