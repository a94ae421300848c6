package nilmaps

func increment() {
	var m map[string]int
	m["k"]++
}
