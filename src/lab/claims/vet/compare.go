package nilmaps

func compare() bool {
	var m map[string]int
	return m == nil
}
