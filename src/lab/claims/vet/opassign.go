package nilmaps

func add() {
	var m map[string]int
	m["k"] += 5
}
