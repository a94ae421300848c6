package main

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// K is the type of the keys: strings of 64 bytes, all of which begin alike.
type K = string

func key(i uint64) K {
	return "https://www.example.org/a/shop/with/many/things/" + fmt.Sprintf("%016x", word(i))
}

func print(k K) uint64 {
	b := []byte(k[48:])
	return binary.LittleEndian.Uint64(b) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(b[8:]), 1)
}

func fold(k K) uint64 { return uint64(len(k)) }
