//go:build go1.21

package nilmaps

func clearMap() {
	var m map[string]int
	clear(m)
}
