module syncmap

go 1.19
