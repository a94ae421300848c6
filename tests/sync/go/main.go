// Command syncmap runs operations on a real sync.Map, and tells after each what is in its two maps.
//
// Standard input has one operation a line: its name, and what it is given: i7 is an int, sabc a string, n is nil, u a slice,
// which can be neither a key nor compared. Standard output has a line for each: the answer, and the map's layers.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// The same as sync's own types.
type entry struct{ p unsafe.Pointer }

type readOnly struct {
	m       map[any]*entry
	amended bool
}

var expunged = findExpunged()

// findExpunged takes the mark from an entry that has just got it.
func findExpunged() unsafe.Pointer {
	var m sync.Map
	m.Store(1, 1)
	m.Range(func(k, v any) bool { return true })
	m.Delete(1)
	m.Store(2, 2)
	return look(&m).read().m[1].p
}

func layers(m *sync.Map) string {
	l := look(m)
	read := l.read()
	deleted, gone := 0, 0
	for _, e := range read.m {
		switch e.p {
		case nil:
			deleted++
		case expunged:
			gone++
		}
	}
	dirty := "none"
	if l.dirty != nil {
		dirty = strconv.Itoa(len(l.dirty))
	}
	return fmt.Sprintf("read %d amended %t dirty %s misses %d deleted %d expunged %d", len(read.m), read.amended, dirty, l.misses, deleted, gone)
}

func parse(s string) any {
	switch s[0] {
	case 'i':
		n, err := strconv.Atoi(s[1:])
		if err != nil {
			panic(err)
		}
		return n
	case 's':
		return s[1:]
	case 'u':
		return []any{}
	}
	return nil
}

func show(v any) string {
	switch v := v.(type) {
	case int:
		return fmt.Sprintf("i%d", v)
	case string:
		return "s" + v
	case []any:
		return "u"
	}
	return "n"
}

func found(v any, ok bool) string {
	if !ok {
		return "none"
	}
	return show(v)
}

func run(m *sync.Map, f []string) (answer string) {
	defer func() {
		if r := recover(); r != nil {
			answer = fmt.Sprint("panic ", r)
		}
	}()
	arg := func(i int) any { return parse(f[i]) }
	switch f[0] {
	case "load":
		return found(m.Load(arg(1)))
	case "store":
		m.Store(arg(1), arg(2))
		return "done"
	case "load-or-store":
		v, loaded := m.LoadOrStore(arg(1), arg(2))
		return fmt.Sprint(show(v), " ", loaded)
	case "load-and-delete":
		return found(m.LoadAndDelete(arg(1)))
	case "delete":
		m.Delete(arg(1))
		return "done"
	case "range":
		var all []string
		m.Range(func(k, v any) bool {
			all = append(all, show(k)+"="+show(v))
			return true
		})
		sort.Strings(all)
		return strings.Join(append([]string{"all"}, all...), " ")
	}
	return later(m, f[0], arg)
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	m := new(sync.Map)
	for in.Scan() {
		f := strings.Fields(in.Text())
		if f[0] == "new" {
			m = new(sync.Map)
			fmt.Fprintln(out, "new")
			continue
		}
		answer := run(m, f)
		fmt.Fprintln(out, answer+" | "+layers(m))
	}
}
