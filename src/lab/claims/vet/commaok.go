package nilmaps

func commaOk() (int, bool) {
	var m map[string]int
	v, ok := m["k"]
	return v, ok
}
