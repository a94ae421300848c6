package nilmaps

func iterate() (n int) {
	var m map[string]int
	for range m {
		n++
	}
	return n
}
