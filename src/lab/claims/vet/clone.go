//go:build go1.21

package nilmaps

import "maps"

func clone() map[string]int {
	var m map[string]int
	return maps.Clone(m)
}
