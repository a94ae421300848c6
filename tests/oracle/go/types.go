package main

// How a script's text becomes a key or an element, and how those are printed, where that takes more than an expression.

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
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
		return pV[[2]uint64](b)
	case "n":
		return N{uint8(pU(b)), 1, b}
	case "p":
		return (*P)(keyPtr(pU(b)))
	case "pad":
		return Pad{uint8(pU(b)), pU(b), 1}
	case "any":
		return struct{ x any }{pAny(b)}
	case "fn":
		return struct{ f func() }{}
	}
	panic("bad any " + s)
}

// Types with a method, and one with padding, that interfaces hold.
type M interface{ M() }
type N struct {
	a, b uint8
	s    string
}
type P T
type Name string
type Pad struct {
	a uint8
	b uint64
	c uint8
}
type Bad []int

func (N) M()   {}
func (*P) M()  {}
func (Bad) M() {}

// leaves calls f for every number, string, pointer and interface that a value of type t at p consists of, except those in blank
// fields. It must not touch a Go map (see withKeys), so nothing here makes new types.
func leaves(t reflect.Type, p unsafe.Pointer, f func(t reflect.Type, p unsafe.Pointer)) {
	switch t.Kind() {
	case reflect.Array:
		for i := 0; i < t.Len(); i++ {
			leaves(t.Elem(), unsafe.Add(p, uintptr(i)*t.Elem().Size()), f)
		}
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			if x := t.Field(i); x.Name != "_" {
				leaves(x.Type, unsafe.Add(p, x.Offset), f)
			}
		}
	case reflect.Complex64:
		leaves(f32, p, f)
		leaves(f32, unsafe.Add(p, 4), f)
	case reflect.Complex128:
		leaves(f64, p, f)
		leaves(f64, unsafe.Add(p, 8), f)
	default:
		f(t, p)
	}
}

var f32, f64 = reflect.TypeOf(float32(0)), reflect.TypeOf(float64(0))

func typeOf[T any]() reflect.Type { return reflect.TypeOf((*T)(nil)).Elem() }

func putInt(n uintptr, p unsafe.Pointer, v uint64) {
	switch n {
	case 1:
		*(*uint8)(p) = uint8(v)
	case 2:
		*(*uint16)(p) = uint16(v)
	case 4:
		*(*uint32)(p) = uint32(v)
	case 8:
		*(*uint64)(p) = v
	}
}

// pV reads the leaves of a T, with commas between; the last one stands for all that are left. A string may contain commas if it
// is all there is.
func pV[T any](s string) (v T) {
	t := typeOf[T]()
	if t.Kind() == reflect.String {
		*(*string)(unsafe.Pointer(&v)) = pS(s)
		return
	}
	var leaf string
	more := true
	leaves(t, unsafe.Pointer(&v), func(t reflect.Type, p unsafe.Pointer) {
		if more {
			leaf, s, more = strings.Cut(s, ",")
		}
		switch t.Kind() {
		case reflect.String:
			*(*string)(p) = pS(leaf)
		case reflect.Interface:
			if t.NumMethod() == 0 {
				*(*any)(p) = pAny(leaf)
			} else if strings.HasPrefix(leaf, "slice:") {
				*(*M)(p) = Bad{1}
			} else if !strings.HasPrefix(leaf, "nil:") {
				*(*M)(p) = pAny(leaf).(M)
			}
		case reflect.Float32:
			*(*float32)(p) = float32(pF(leaf))
		case reflect.Float64:
			*(*float64)(p) = pF(leaf)
		case reflect.Chan, reflect.UnsafePointer:
			putInt(8, p, keyBase+64*pU(leaf))
		default:
			putInt(t.Size(), p, pU(leaf))
		}
	})
	return
}

// mV makes a T of a number: leaf i is v+i.
func mV[T any](v uint64) (x T) {
	leaves(typeOf[T](), unsafe.Pointer(&x), func(t reflect.Type, p unsafe.Pointer) {
		switch t.Kind() {
		case reflect.String:
			*(*string)(p) = mkS(v)
		case reflect.Interface:
			if t.NumMethod() == 0 {
				*(*any)(p) = int(v)
			} else {
				*(*M)(p) = N{uint8(v), 2, mkS(v)}
			}
		case reflect.Float32:
			*(*float32)(p) = float32(v)
		case reflect.Float64:
			*(*float64)(p) = float64(v)
		case reflect.Bool:
			putInt(1, p, v&1)
		default:
			putInt(t.Size(), p, v)
		}
		v++
	})
	return
}

// encV prints the leaves of a T, with commas between.
func encV[T any](p unsafe.Pointer) string {
	var w strings.Builder
	leaves(typeOf[T](), p, func(t reflect.Type, p unsafe.Pointer) {
		if w.Len() > 0 {
			w.WriteByte(',')
		}
		switch t.Kind() {
		case reflect.String:
			w.WriteString(encStr(p))
		case reflect.Interface:
			if t.NumMethod() == 0 {
				w.WriteString(encAny(p))
			} else {
				a := any(*(*M)(p))
				w.WriteString(encAny(unsafe.Pointer(&a)))
			}
		case reflect.Chan, reflect.UnsafePointer:
			w.WriteString(encPtr(p))
		default:
			w.WriteString(hx(p, t.Size()))
		}
	})
	return w.String()
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
