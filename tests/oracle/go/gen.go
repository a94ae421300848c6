//go:build ignore

// gen writes types_gen.go, types_121.go and types_119.go: a concrete type per map type, because the compiler picks the
// specialised map functions for those only (generic code calls the general ones).
//
//	go run gen.go
package main

import (
	"bytes"
	"go/format"
	"log"
	"os"
	"text/template"
)

// One map type: its name in scripts, its Go types, how a script's key text k and number v become key and element, and
// how those at address p are printed.
type kind struct{ Tag, Key, Elem, ParseKey, MakeElem, EncKey, EncElem string }

var kinds = []kind{
	{"u64", "uint64", "uint64", "pU(k)", "v", "hx(p, 8)", "hx(p, 8)"},
	{"u64b", "uint64", "uint8", "pU(k)", "uint8(v)", "hx(p, 8)", "hx(p, 1)"},
	{"u64t", "uint64", "[3]uint8", "pU(k)", "[3]uint8{uint8(v), 2: uint8(v >> 8)}", "hx(p, 8)", "hx(p, 3)"},
	{"u64w", "uint64", "[16]uint64", "pU(k)", "[16]uint64{v, 15: v}", "hx(p, 8)", "hx(p, 128)"},
	{"u64x", "uint64", "[17]uint64", "pU(k)", "[17]uint64{v, 16: v}", "hx(p, 8)", "hx(p, 136)"},
	{"u64p", "uint64", "*uint64", "pU(k)", "mkP(v)", "hx(p, 8)", "encP(p)"},
	{"u32", "uint32", "uint64", "uint32(pU(k))", "v", "hx(p, 4)", "hx(p, 8)"},
	{"i32s", "int32", "string", "int32(pU(k))", "mkS(v)", "hx(p, 4)", "encStr(p)"},
	{"str", "string", "uint64", "pS(k)", "v", "encStr(p)", "hx(p, 8)"},
	{"arr", "[2]uint64", "uint64", "pA(k)", "v", "hx(p, 16)", "hx(p, 8)"},
	{"f64", "float64", "uint64", "pF(k)", "v", "hx(p, 8)", "hx(p, 8)"},
	{"any", "any", "int", "pAny(k)", "int(v)", "encAny(p)", "hx(p, 8)"},
	{"ptr", "*T", "T2", "keyPtr(pU(k))", "mkT2(v)", "encPtr(p)", "encT2(p)"},
	{"big", "[17]uint64", "[18]uint64", "[17]uint64{0: pU(k), 16: pU(k) * 3}", "[18]uint64{v, 17: v}", "hx(p, 136)", "hx(p, 144)"},
	{"zel", "uint64", "struct{}", "pU(k)", "struct{}{}", "hx(p, 8)", "hx(p, 0)"},
	{"zky", "struct{}", "uint64", "struct{}{}", "v", "hx(p, 0)", "hx(p, 8)"},
	{"st", "S3", "uint16", "pS3(k)", "uint16(v)", "encS3(p)", "hx(p, 2)"},
	{"u8", "uint8", "bool", "uint8(pU(k))", "v&1 == 1", "hx(p, 1)", "hx(p, 1)"},
	byLeaves("b4", "[4]uint8", "uint64"),                                // fast32
	byLeaves("s32", "struct{ a, b uint16 }", "string"),                  // fast32, elements with pointers
	byLeaves("s64", "struct{ a, b int32 }", "[2]string"),                // fast64
	byLeaves("chan", "chan int", "uint64"),                              // fast64ptr
	byLeaves("p1", "struct{ p unsafe.Pointer }", "struct{}"),            // fast64ptr, no elements
	byLeaves("s1", "struct{ s string }", "any"),                         // faststr
	byLeaves("strx", "string", "[17]uint64"),                            // strings, general functions, elements by pointer
	byLeaves("str0", "string", "struct{}"),                              // faststr, no elements
	byLeaves("u32x", "uint32", "[200]uint8"),                            // 4 bytes, general functions
	byLeaves("bool", "bool", "string"),                                  //
	byLeaves("u16", "uint16", "[3]uint16"),                              //
	byLeaves("f32", "float32", "float64"),                               //
	byLeaves("c64", "complex64", "uint8"),                               //
	byLeaves("c128", "complex128", "complex64"),                         //
	byLeaves("f1", "struct{ f [1]float64 }", "uint64"),                  // hashed as its one part
	byLeaves("pad", "struct{ a uint8; b uint64; c, d uint8 }", "int16"), // runs of memory, padding
	byLeaves("blank", "struct{ a uint8; _ uint8; b uint16; s string; _ float64 }", "uint64"),
	byLeaves("strs", "[3]string", "uint64"),
	byLeaves("nest", "[2]struct{ f float32; s string; n int8 }", "uint64"),
	byLeaves("sany", "struct{ n int8; a any; s string }", "uint64"),
	byLeaves("m", "M", "M"),                                      // interfaces with methods
	byLeaves("any2", "[2]any", "[20]any"),                        // elements by pointer, with pointers
	byLeaves("bigk", "[17]uint64", "uint64"),                     // keys by pointer
	byLeaves("bigs", "struct{ s string; n [15]uint64 }", "bool"), // keys by pointer that are updated
	byLeaves("fat", "uint64", "[130]uint64"),                     // mapaccess2_fat
	byLeaves("fatf", "float64", "[1100]uint8"),                   // the same, keys that are updated
	byLeaves("i8", "int8", "[0]int"),                             //
	byLeaves("i16", "int16", "[128]uint8"),                       // the largest element in a bucket
	byLeaves("uptr", "uintptr", "any"),                           // fast64, elements with pointers
	byLeaves("none", "[0]int", "string"),                         // one key
	byLeaves("k128", "[16]uint64", "[129]uint8"),                 // the largest key in a bucket, elements by pointer
	byLeaves("named", "Name", "Name"),                            // a string type with a name
}

// A type whose values are written and read leaf by leaf (pV, mV, encV).
func byLeaves(tag, key, elem string) kind {
	return kind{tag, key, elem, "pV[" + key + "](k)", "mV[" + elem + "](v)", "encV[" + key + "](p)", "encV[" + elem + "](p)"}
}

const types = `// Code generated by gen.go; DO NOT EDIT.

package main

import (
	"reflect"
	"unsafe"
)
{{range .}}
type m_{{.Tag}} struct {
	m map[{{.Key}}]{{.Elem}}
	d *mdesc
}

func wrap_{{.Tag}}(m map[{{.Key}}]{{.Elem}}) tmap {
	var a any = m
	e := (*eface)(unsafe.Pointer(&a))
	encKey := func(p unsafe.Pointer) string { return {{.EncKey}} }
	encElem := func(p unsafe.Pointer) string { return {{.EncElem}} }
	return &m_{{.Tag}}{m, &mdesc{"", e.t, (*hmap)(e.data), encKey, encElem}}
}

//go:noinline
func (x *m_{{.Tag}}) set(k string, v uint64) {
	key := {{.ParseKey}}
	x.m[key] = {{.MakeElem}}
}
func (x *m_{{.Tag}}) get(k string) (func() string, bool) {
	key := {{.ParseKey}}
	v, ok := x.m[key]
	return func() string { return x.d.encE(unsafe.Pointer(&v)) }, ok
}
func (x *m_{{.Tag}}) del(k string) {
	key := {{.ParseKey}}
	delete(x.m, key)
}
func (x *m_{{.Tag}}) rset(k string, v uint64) {
	var key {{.Key}} = {{.ParseKey}}
	var elem {{.Elem}} = {{.MakeElem}}
	reflect.ValueOf(x.m).SetMapIndex(reflect.ValueOf(&key).Elem(), reflect.ValueOf(&elem).Elem())
}
func (x *m_{{.Tag}}) rget(k string) (func() string, bool) {
	var key {{.Key}} = {{.ParseKey}}
	v := reflect.ValueOf(x.m).MapIndex(reflect.ValueOf(&key).Elem())
	return func() string {
		var elem {{.Elem}}
		reflect.ValueOf(&elem).Elem().Set(v)
		return x.d.encE(unsafe.Pointer(&elem))
	}, v.IsValid()
}
func (x *m_{{.Tag}}) rdel(k string) {
	var key {{.Key}} = {{.ParseKey}}
	reflect.ValueOf(x.m).SetMapIndex(reflect.ValueOf(&key).Elem(), reflect.Value{})
}
func (x *m_{{.Tag}}) rrange(f func(k, e unsafe.Pointer)) {
	for it := reflect.ValueOf(x.m).MapRange(); it.Next(); {
		var key {{.Key}}
		var elem {{.Elem}}
		reflect.ValueOf(&key).Elem().SetIterKey(it)
		reflect.ValueOf(&elem).Elem().SetIterValue(it)
		f(unsafe.Pointer(&key), unsafe.Pointer(&elem))
	}
}
func (x *m_{{.Tag}}) desc() *mdesc { return x.d }
{{end}}
func newMap(t string, hint int) tmap {
	switch t { {{range .}}
	case "{{.Tag}}":
		if hint == 0 {
			return wrap_{{.Tag}}(make(map[{{.Key}}]{{.Elem}}))
		}
		return wrap_{{.Tag}}(make(map[{{.Key}}]{{.Elem}}, hint)){{end}}
	}
	panic("bad type " + t)
}

func nilMap(t string) tmap {
	switch t { {{range .}}
	case "{{.Tag}}":
		return wrap_{{.Tag}}(nil){{end}}
	}
	panic("bad type " + t)
}
`

const since121 = `// Code generated by gen.go; DO NOT EDIT.

//go:build go1.21

package main

import (
	"maps"
	"unsafe"
)
{{range .}}
func (x *m_{{.Tag}}) clear()      { clear(x.m) }
func (x *m_{{.Tag}}) clone() tmap { return wrap_{{.Tag}}(maps.Clone(x.m)) }
func (x *m_{{.Tag}}) keys() []unsafe.Pointer {
	s := make([]{{.Key}}, 0, len(x.m))
	mapkeys(x.m, unsafe.Pointer(&s))
	p := make([]unsafe.Pointer, len(s))
	for i := range s {
		p[i] = unsafe.Pointer(&s[i])
	}
	return p
}
func (x *m_{{.Tag}}) values() []unsafe.Pointer {
	s := make([]{{.Elem}}, 0, len(x.m))
	mapvalues(x.m, unsafe.Pointer(&s))
	p := make([]unsafe.Pointer, len(s))
	for i := range s {
		p[i] = unsafe.Pointer(&s[i])
	}
	return p
}
{{end}}`

const before121 = `// Code generated by gen.go; DO NOT EDIT.

//go:build !go1.21

package main

import "unsafe"
{{range .}}
func (x *m_{{.Tag}}) clear()                   { mapclear(x.d.t, x.d.h) }
func (x *m_{{.Tag}}) clone() tmap              { panic("no maps.Clone before go1.21") }
func (x *m_{{.Tag}}) keys() []unsafe.Pointer   { panic("no maps.keys before go1.21") }
func (x *m_{{.Tag}}) values() []unsafe.Pointer { panic("no maps.values before go1.21") }
{{end}}`

func main() {
	for file, text := range map[string]string{"types_gen.go": types, "types_121.go": since121, "types_119.go": before121} {
		var b bytes.Buffer
		if err := template.Must(template.New(file).Parse(text)).Execute(&b, kinds); err != nil {
			log.Fatal(err)
		}
		src, err := format.Source(b.Bytes())
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(file, src, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
