//go:build !go1.21

package main

func newer[K comparable](kind, state string, make func() map[K]int64) {}

func newerAny(kind, state string, make func() map[any]int64) {}
