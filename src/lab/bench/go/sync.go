// Command gosync runs gohmap's benchmarks of maps that goroutines share, one sample at a time, for whoever talks to it as
// common.go says. A case is MAP READS WRITES KEYS THREADS OPS. Keys and steps are those of src/lab/bench/keys.rs and sync/mod.rs.
package main

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A shared is a map that goroutines share.
type shared interface {
	read(k uint64) uint64
	write(k, v uint64)
}

type mutexMap struct {
	mu sync.Mutex
	m  map[uint64]uint64
}

func (m *mutexMap) read(k uint64) uint64 {
	m.mu.Lock()
	v := m.m[k]
	m.mu.Unlock()
	return v
}

func (m *mutexMap) write(k, v uint64) {
	m.mu.Lock()
	m.m[k] = v
	m.mu.Unlock()
}

type rwMutexMap struct {
	mu sync.RWMutex
	m  map[uint64]uint64
}

func (m *rwMutexMap) read(k uint64) uint64 {
	m.mu.RLock()
	v := m.m[k]
	m.mu.RUnlock()
	return v
}

func (m *rwMutexMap) write(k, v uint64) {
	m.mu.Lock()
	m.m[k] = v
	m.mu.Unlock()
}

type syncMap struct{ m sync.Map }

func (m *syncMap) read(k uint64) uint64 {
	v, ok := m.m.Load(k)
	if !ok {
		return 0
	}
	return v.(uint64)
}

func (m *syncMap) write(k, v uint64) { m.m.Store(k, v) }

// A counter's writes add one.
type counter struct {
	mu sync.RWMutex
	m  map[uint64]*uint64
}

func (c *counter) read(k uint64) uint64 {
	c.mu.RLock()
	p := c.m[k]
	c.mu.RUnlock()
	if p == nil {
		return 0
	}
	return atomic.LoadUint64(p)
}

func (c *counter) write(k, _ uint64) {
	c.mu.RLock()
	p := c.m[k]
	c.mu.RUnlock()
	if p == nil {
		c.mu.Lock()
		if p = c.m[k]; p == nil {
			p = new(uint64)
			c.m[k] = p
		}
		c.mu.Unlock()
	}
	atomic.AddUint64(p, 1)
}

type run struct {
	m     shared
	keys  []uint64
	steps [][]uint64 // for each goroutine: twice the number of a key, and one more if it is written
}

var sink uint64

func prepare(fields string) sampler {
	var name string
	var reads, writes, keys, threads, ops uint64
	scan(fields, &name, &reads, &writes, &keys, &threads, &ops)
	r := &run{keys: make([]uint64, keys), steps: make([][]uint64, threads)}
	switch name {
	case "mutex":
		r.m = &mutexMap{m: make(map[uint64]uint64)}
	case "rwmutex":
		r.m = &rwMutexMap{m: make(map[uint64]uint64)}
	case "sync.Map":
		r.m = &syncMap{}
	case "counter":
		r.m = &counter{m: make(map[uint64]*uint64)}
	default:
		fail("no map %q", name)
	}
	for i := range r.keys {
		r.keys[i] = word(uint64(i))
		r.m.write(r.keys[i], value)
	}
	for t := range r.steps {
		steps := make([]uint64, ops/threads)
		for i := range steps {
			j := uint64(t)<<32 + uint64(i)
			steps[i] = 2 * choice(2*j, keys)
			if choice(2*j+1, reads+writes) >= reads {
				steps[i]++
			}
		}
		r.steps[t] = steps
	}
	runtime.GC()
	return r
}

func (r *run) fingerprint() uint64 {
	h := uint64(0)
	for _, steps := range r.steps {
		h += uint64(len(steps))
	}
	for _, steps := range r.steps {
		for _, s := range steps {
			h = bits.RotateLeft64(h^s, 5) * golden
		}
	}
	return h
}

func (r *run) sample() float64 {
	var ready, done sync.WaitGroup
	begin := make(chan bool)
	ops := 0
	for _, steps := range r.steps {
		ready.Add(1)
		done.Add(1)
		ops += len(steps)
		go func(steps []uint64) {
			defer done.Done()
			sum := uint64(0)
			ready.Done()
			<-begin
			for _, s := range steps {
				if k := r.keys[s/2]; s%2 == 0 {
					sum += r.m.read(k)
				} else {
					r.m.write(k, value)
				}
			}
			atomic.AddUint64(&sink, sum)
		}(steps)
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	done.Wait()
	return float64(time.Since(start).Nanoseconds()) / float64(ops)
}

func main() { answer(prepare) }
