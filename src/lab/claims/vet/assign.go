package nilmaps

func assign() {
	var m map[string]int
	m["k"] = 1
}
