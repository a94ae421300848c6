//go:build !go1.24

package main

type hmap struct {
	hmapCommon
	extra *mapextra
}
type hiter struct{ hiterCommon }

func clearSeq(h *hmap) int64       { return -1 }
func itClearSeq(it *hiter) *uint64 { return nil }
