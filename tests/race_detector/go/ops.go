package main

// Operations on maps that are there from the start.

type pair struct{ a, b int }

type cell struct{ n int }

type fat struct{ words [200]int }

var (
	m64  = map[uint64]int{1: 10, 2: 20}
	m32  = map[uint32]int{1: 10, 2: 20}
	mstr = map[string]int{"a": 10, "b": 20}
	mgen = map[pair]int{{1, 1}: 10, {2, 2}: 20}
	many = map[any]int{1: 10, "b": 20}
	mset = map[uint64]struct{}{1: {}, 2: {}}
	mtxt = map[uint64]string{1: "ten", 2: "twenty"}
	mrec = map[uint64]pair{1: {1, 1}, 2: {2, 2}}
	mfat = map[uint64]fat{1: {}, 2: {}}
	mptr = map[uint64]*cell{1: {}, 2: {}}
	mnil map[uint64]int
)

var ops = map[string]func(){
	"assign64": assign64, "add64": add64, "update64": update64, "read64": read64, "commaok64": commaok64, "miss64": miss64,
	"delete64": delete64, "deletemiss64": deletemiss64, "range64": range64, "rangekeys64": rangekeys64, "len64": len64,
	"assign32": assign32, "read32": read32, "delete32": delete32, "range32": range32,
	"assignstr": assignstr, "readstr": readstr, "deletestr": deletestr, "rangestr": rangestr, "updatestr": updatestr,
	"assigngen": assigngen, "readgen": readgen, "commaokgen": commaokgen, "deletegen": deletegen, "rangegen": rangegen, "lengen": lengen,
	"assignany": assignany, "readany": readany, "deleteany": deleteany,
	"addset": addset, "hasset": hasset,
	"assigntxt": assigntxt, "readtxt": readtxt, "appendtxt": appendtxt,
	"assignrec": assignrec, "readrec": readrec, "rangerec": rangerec,
	"assignfat": assignfat, "readfat": readfat,
	"throughptr": throughptr, "readptr": readptr, "assignptr": assignptr,
	"readnil": readnil, "lennil": lennil, "rangenil": rangenil, "deletenil": deletenil,
}

//go:noinline
func use(int) {}

//go:noinline
func usestr(string) {}

//go:noinline
func usebool(bool) {}

//go:noinline
func usepair(pair) {}

//go:noinline
func nothing() {}

//go:noinline
func assign64() { m64[1] = 11 }

// A key that is not there yet.
//
//go:noinline
func add64() { m64[3] = 30 }

//go:noinline
func update64() { m64[1] += 5 }

//go:noinline
func read64() { use(m64[1]) }

//go:noinline
func commaok64() {
	v, ok := m64[1]
	use(v)
	usebool(ok)
}

//go:noinline
func miss64() { use(m64[9]) }

//go:noinline
func delete64() { delete(m64, 1) }

//go:noinline
func deletemiss64() { delete(m64, 9) }

//go:noinline
func range64() {
	for k, v := range m64 {
		use(int(k))
		use(v)
	}
}

//go:noinline
func rangekeys64() {
	for k := range m64 {
		use(int(k))
	}
}

//go:noinline
func len64() { use(len(m64)) }

//go:noinline
func assign32() { m32[1] = 11 }

//go:noinline
func read32() { use(m32[1]) }

//go:noinline
func delete32() { delete(m32, 1) }

//go:noinline
func range32() {
	for k, v := range m32 {
		use(int(k))
		use(v)
	}
}

//go:noinline
func assignstr() { mstr["a"] = 11 }

//go:noinline
func readstr() { use(mstr["a"]) }

//go:noinline
func deletestr() { delete(mstr, "a") }

//go:noinline
func rangestr() {
	for k, v := range mstr {
		usestr(k)
		use(v)
	}
}

//go:noinline
func updatestr() { mstr["a"]++ }

//go:noinline
func assigngen() { mgen[pair{1, 1}] = 11 }

//go:noinline
func readgen() { use(mgen[pair{1, 1}]) }

//go:noinline
func commaokgen() {
	v, ok := mgen[pair{1, 1}]
	use(v)
	usebool(ok)
}

//go:noinline
func deletegen() { delete(mgen, pair{1, 1}) }

//go:noinline
func rangegen() {
	for k, v := range mgen {
		usepair(k)
		use(v)
	}
}

//go:noinline
func lengen() { use(len(mgen)) }

//go:noinline
func assignany() { many[1] = 11 }

//go:noinline
func readany() { use(many[1]) }

//go:noinline
func deleteany() { delete(many, 1) }

//go:noinline
func addset() { mset[1] = struct{}{} }

//go:noinline
func hasset() {
	_, ok := mset[1]
	usebool(ok)
}

//go:noinline
func assigntxt() { mtxt[1] = "eleven" }

//go:noinline
func readtxt() { usestr(mtxt[1]) }

//go:noinline
func appendtxt() { mtxt[1] += "!" }

//go:noinline
func assignrec() { mrec[1] = pair{3, 3} }

//go:noinline
func readrec() { usepair(mrec[1]) }

//go:noinline
func rangerec() {
	for k, v := range mrec {
		use(int(k))
		usepair(v)
	}
}

//go:noinline
func assignfat() { mfat[1] = fat{} }

//go:noinline
func readfat() { use(mfat[1].words[0]) }

// Changes what an element points to: the map is only read.
//
//go:noinline
func throughptr() { mptr[1].n++ }

//go:noinline
func readptr() { use(mptr[1].n) }

//go:noinline
func assignptr() { mptr[1] = &cell{} }

//go:noinline
func readnil() { use(mnil[1]) }

//go:noinline
func lennil() { use(len(mnil)) }

//go:noinline
func rangenil() {
	for k := range mnil {
		use(int(k))
	}
}

//go:noinline
func deletenil() { delete(mnil, 1) }
