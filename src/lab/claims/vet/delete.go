package nilmaps

func remove() {
	var m map[string]int
	delete(m, "k")
}
