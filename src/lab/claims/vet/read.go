package nilmaps

func read() int {
	var m map[string]int
	return m["k"]
}
