//go:build goexperiment.swissmap

package main

const classic = false
