package nilmaps

// control is what go vet does report, which shows that it has looked at this folder.
func control(x int) {
	x = x
}
