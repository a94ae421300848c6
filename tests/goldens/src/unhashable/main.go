// Dynamic keys that cannot be hashed.
package main

import (
	"fmt"
	"runtime"

	"goldens/hm"
)

type wrap struct {
	n int
	v any
}
type badarr [2]any

var (
	many  = map[any]int{}
	full  = map[any]int{"a": 1, "b": 2}
	nilm  map[any]int
	mst   = map[wrap]int{{1, "x"}: 1}
	emst  = map[wrap]int{}
	marr  = map[badarr]int{{1, 2}: 1}
	sink  int
	ok    bool
	fn    = func() {}
	slice = []any{1}
)

//go:noinline
func assign() { full[slice] = 1 }

//go:noinline
func assignempty() { many[slice] = 1 }

//go:noinline
func assignnil() { nilm[slice] = 1 }

//go:noinline
func read() { sink = full[slice] }

//go:noinline
func readempty() { sink = many[slice] }

//go:noinline
func readnil() { sink = nilm[slice] }

//go:noinline
func commaok() { sink, ok = full[slice] }

//go:noinline
func commaoknil() { sink, ok = nilm[slice] }

//go:noinline
func del() { delete(full, any(slice)) }

//go:noinline
func delempty() { delete(many, any(slice)) }

//go:noinline
func delnil() { delete(nilm, any(slice)) }

//go:noinline
func assignfunc() { full[fn] = 1 }

//go:noinline
func assignmap() { full[map[string]int{}] = 1 }

//go:noinline
func structassign() { mst[wrap{1, slice}] = 1 }

//go:noinline
func structread() { sink = mst[wrap{1, slice}] }

//go:noinline
func structreadempty() { sink = emst[wrap{1, slice}] }

//go:noinline
func structdelete() { delete(mst, wrap{1, slice}) }

//go:noinline
func arrayassign() { marr[badarr{1, slice}] = 1 }

//go:noinline
func all() {
	for _, c := range []struct {
		n string
		f func()
	}{
		{"assign", assign}, {"assignempty", assignempty}, {"assignnil", assignnil}, {"read", read}, {"readempty", readempty}, {"readnil", readnil},
		{"commaok", commaok}, {"commaoknil", commaoknil}, {"del", del}, {"delempty", delempty}, {"delnil", delnil},
		{"assignfunc", assignfunc}, {"assignmap", assignmap},
		{"structassign", structassign}, {"structread", structread}, {"structreadempty", structreadempty}, {"structdelete", structdelete}, {"arrayassign", arrayassign},
		{"nilkey", func() { full[nil] = 3; fmt.Println("nil interface key is fine:", full[nil]) }},
	} {
		hm.Try(c.n, c.f)
	}
	fmt.Println("len", len(full), len(many), len(mst), "writing flags", hm.Writing(full), hm.Writing(many), hm.Writing(mst))
	full["c"] = 3
	many["c"] = 3
	mst[wrap{2, "y"}] = 1
	fmt.Println("still usable: len", len(full), len(many), len(mst))
}

//go:noinline
func typ() {
	defer func() {
		r := recover()
		e, isRT := r.(runtime.Error)
		fmt.Printf("%T %v %q\n", r, isRT, e.Error())
	}()
	assign()
}

func main() {
	hm.Pick([]hm.Case{
		{"assign", assign}, {"assignempty", assignempty}, {"assignnil", assignnil}, {"read", read}, {"readempty", readempty}, {"readnil", readnil},
		{"commaok", commaok}, {"commaoknil", commaoknil}, {"delete", del}, {"deleteempty", delempty}, {"deletenil", delnil},
		{"assignfunc", assignfunc}, {"assignmap", assignmap},
		{"structassign", structassign}, {"structread", structread}, {"structreadempty", structreadempty}, {"structdelete", structdelete}, {"arrayassign", arrayassign}, {"all", all}, {"type", typ},
	})()
}
