//! The operations of Go's classic map, one file each, in Go's own names.
