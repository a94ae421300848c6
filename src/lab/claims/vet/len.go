package nilmaps

func length() int {
	var m map[string]int
	return len(m)
}
