package main

// What the programs of this folder have in common: the numbers that keys and choices are made of, and the conversation
// with whoever writes to standard input:
//
//	prepare CASE   answers "ok" and a number that depends on all of the case
//	sample         answers "ok" and nanoseconds per operation
//	finish         answers "ok"
//	version        answers "ok" and runtime.Version
//
// Anything else, or a case that is none, ends the program with status 2.

import (
	"bufio"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"strings"
)

const (
	golden = 0x9e3779b97f4a7c15
	value  = 7
)

func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// word is key number i of 64 bits.
func word(i uint64) uint64 { return mix64(12345 + (i+1)*golden) }

func choice(j, n uint64) uint64 {
	hi, _ := bits.Mul64(mix64(0x5eed+(j+1)*golden), n)
	return hi
}

// A sampler is a case that is ready to be measured.
type sampler interface {
	fingerprint() uint64
	sample() float64
}

// answer answers until its input ends. A case is made from its fields.
func answer(prepare func(fields string) sampler) {
	in := bufio.NewScanner(os.Stdin)
	var s sampler
	for in.Scan() {
		verb, fields, _ := strings.Cut(in.Text(), " ")
		switch {
		case verb == "prepare":
			s = prepare(fields)
			fmt.Println("ok", s.fingerprint())
		case verb == "sample" && s != nil:
			fmt.Println("ok", s.sample())
		case verb == "finish":
			s = nil
			runtime.GC()
			fmt.Println("ok")
		case verb == "version":
			fmt.Println("ok", runtime.Version())
		default:
			fail("what is %q?", in.Text())
		}
	}
}

// scan reads the fields of a case.
func scan(fields string, into ...any) {
	if _, err := fmt.Sscan(fields, into...); err != nil {
		fail("no case %q: %v", fields, err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "gobench: "+format+"\n", args...)
	os.Exit(2)
}
