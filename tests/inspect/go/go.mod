module inspected

go 1.19
