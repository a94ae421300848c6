//go:build go1.21

package main

import "maps"

//go:noinline
func clear64() { clear(m64) }

//go:noinline
func cleargen() { clear(mgen) }

//go:noinline
func clearstr() { clear(mstr) }

//go:noinline
func clone64() { use(len(maps.Clone(m64))) }

//go:noinline
func clonegen() { use(len(maps.Clone(mgen))) }

func init() {
	ops["clear64"] = clear64
	ops["cleargen"] = cleargen
	ops["clearstr"] = clearstr
	ops["clone64"] = clone64
	ops["clonegen"] = clonegen
}
