//go:build go1.21

package main

import "unsafe"

//go:linkname mapkeys maps.keys
func mapkeys(m any, s unsafe.Pointer)

//go:linkname mapvalues maps.values
func mapvalues(m any, s unsafe.Pointer)
