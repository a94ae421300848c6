//go:build go1.21

package main

import (
	"fmt"
	"maps"

	"goldens/hm"
)

//go:noinline
func det_cleargen() { hm.SetWriting(mgen); clear(mgen) }

//go:noinline
func det_clonegen() { hm.SetWriting(mgen); fmt.Println(len(maps.Clone(mgen))) }

func init() {
	extra = append(extra, hm.Case{Name: "det_cleargen", Fn: det_cleargen}, hm.Case{Name: "det_clonegen", Fn: det_clonegen})
}
