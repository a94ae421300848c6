package main

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

type record struct {
	name string
	id   uint64
}

// K is the type of the keys: a string of 16 bytes and a number.
type K = record

func key(i uint64) K { return K{fmt.Sprintf("%016x", word(i)), word(i ^ 1<<63)} }

func print(k K) uint64 {
	b := []byte(k.name)
	return binary.LittleEndian.Uint64(b) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(b[8:]), 1) ^ k.id
}

func fold(k K) uint64 { return k.id }
