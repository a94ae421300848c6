package main

// How a script's text becomes a key or an element, and how those are printed, where that takes more than an expression.

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

type S3 struct {
	A uint8
	F float64
	S string
}

func pU(s string) uint64 {
	x, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return x
}
func pS(s string) string {
	if strings.HasPrefix(s, "x:") {
		b, _ := hex.DecodeString(s[2:])
		return string(b)
	}
	return s
}
func pA(s string) [2]uint64 { a, b, _ := strings.Cut(s, ","); return [2]uint64{pU(a), pU(b)} }
func pF(s string) float64 {
	if strings.HasPrefix(s, "0x") {
		return math.Float64frombits(pU(s))
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return x
}
func pS3(s string) S3 { p := strings.Split(s, ","); return S3{uint8(pU(p[0])), pF(p[1]), p[2]} }
func pAny(s string) any {
	a, b, _ := strings.Cut(s, ":")
	switch a {
	case "i":
		return int(pU(b))
	case "s":
		return b
	case "f":
		return pF(b)
	case "u8":
		return uint8(pU(b))
	case "st":
		return pS3(b)
	case "nil":
		return nil
	case "slice":
		return []int{1}
	case "a":
		return pA(b)
	}
	panic("bad any " + s)
}
func mkS(v uint64) string { return "v" + strconv.FormatUint(v, 10) }
func mkT2(v uint64) T2    { x := new(uint64); *x = v; return T2{x, mkS(v)} }
func encS3(p unsafe.Pointer) string {
	v := (*S3)(p)
	return fmt.Sprintf("%d,%016x,%s", v.A, math.Float64bits(v.F), encStr(unsafe.Pointer(&v.S)))
}
func mkP(v uint64) *uint64 { x := new(uint64); *x = v; return x }
func encP(p unsafe.Pointer) string {
	v := *(**uint64)(p)
	if v == nil {
		return "nil"
	}
	return pref(unsafe.Pointer(v)) + "=" + fmt.Sprint(*v)
}
