package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// What may order two operations: [racy, synchronised].
var edges = map[string][2]func(a, b func()){
	"gostart":       {goStartRacy, goStart},
	"join":          {joinRacy, join},
	"chan":          {chanRacy, chanSynced},
	"chanreceive":   {chanReceiveRacy, chanReceive},
	"chanbuffered":  {chanBufferedRacy, chanBuffered},
	"semaphore":     {semaphoreRacy, semaphore},
	"close":         {closeRacy, closeSynced},
	"mutex":         {mutexRacy, mutex},
	"mutexonesided": {mutexOneSidedRacy, mutexOneSided},
	"rwmutexwrite":  {rwmutexWriteRacy, rwmutexWrite},
	"rwmutexread":   {rwmutexReadRacy, rwmutexRead},
	"waitgroup":     {waitGroupRacy, waitGroup},
	"once":          {onceRacy, once},
	"atomicstore":   {atomicStoreRacy, atomicStore},
	"atomicadd":     {atomicAddRacy, atomicAdd},
	"atomiccas":     {atomicCASRacy, atomicCAS},
	"waitgroupadd":  {waitGroupAddRacy, waitGroupAdd},
}

// A goroutine sees what was done before its go statement, not what is done after it.

//go:noinline
func goStartRacy(a, b func()) {
	go a()
	only(1)
	b()
}

//go:noinline
func goStart(a, b func()) {
	a()
	go b()
	only(1)
}

// Goroutines that are waited for one by one, or both at the end.

//go:noinline
func joinRacy(a, b func()) {
	finished := make(chan int, 2)
	go func() {
		a()
		finished <- 1
	}()
	only(1)
	go func() {
		b()
		finished <- 1
	}()
	<-finished
	<-finished
}

//go:noinline
func join(a, b func()) {
	finished := make(chan int, 2)
	go func() {
		a()
		finished <- 1
	}()
	<-finished
	go func() {
		b()
		finished <- 1
	}()
	<-finished
}

// A send happens before its receive completes.

//go:noinline
func chanRacy(a, b func()) {
	c := make(chan int)
	go func() {
		c <- 1
		a()
	}()
	<-c
	only(1)
	b()
}

//go:noinline
func chanSynced(a, b func()) {
	c := make(chan int)
	go func() {
		a()
		c <- 1
	}()
	<-c
	b()
}

// A receive happens before the send completes, unless there is a buffer.

//go:noinline
func chanReceiveRacy(a, b func()) {
	c := make(chan int, 1)
	go func() {
		a()
		<-c
	}()
	c <- 1
	only(1)
	b()
}

//go:noinline
func chanReceive(a, b func()) {
	c := make(chan int)
	go func() {
		a()
		<-c
	}()
	c <- 1
	b()
}

// A send into a buffer happens before its receive.

//go:noinline
func chanBufferedRacy(a, b func()) {
	c := make(chan int, 3)
	go func() {
		c <- 1
		a()
	}()
	only(1)
	<-c
	b()
}

//go:noinline
func chanBuffered(a, b func()) {
	c := make(chan int, 3)
	go func() {
		a()
		c <- 1
	}()
	<-c
	b()
}

// A buffered channel as a lock: the n-th receive happens before the send that is as many further as the buffer holds.

//go:noinline
func semaphoreRacy(a, b func()) {
	sem := make(chan int, 2)
	go func() {
		sem <- 1
		a()
		<-sem
	}()
	only(1)
	sem <- 1
	b()
	<-sem
}

//go:noinline
func semaphore(a, b func()) {
	sem := make(chan int, 1)
	go func() {
		sem <- 1
		a()
		<-sem
	}()
	only(1)
	sem <- 1
	b()
	<-sem
}

// Closing a channel happens before a receive that says so.

//go:noinline
func closeRacy(a, b func()) {
	c := make(chan int)
	go func() {
		close(c)
		a()
	}()
	<-c
	only(1)
	b()
}

//go:noinline
func closeSynced(a, b func()) {
	c := make(chan int)
	go func() {
		a()
		close(c)
	}()
	<-c
	b()
}

// Unlocking a mutex happens before the next lock of the same one.

//go:noinline
func mutexRacy(a, b func()) {
	var mu, other sync.Mutex
	go func() {
		mu.Lock()
		a()
		mu.Unlock()
	}()
	only(1)
	other.Lock()
	b()
	other.Unlock()
}

//go:noinline
func mutex(a, b func()) {
	var mu sync.Mutex
	go func() {
		mu.Lock()
		a()
		mu.Unlock()
	}()
	only(1)
	mu.Lock()
	b()
	mu.Unlock()
}

// A mutex helps only who locks it, and only before it is unlocked.

//go:noinline
func mutexOneSidedRacy(a, b func()) {
	var mu sync.Mutex
	go func() {
		mu.Lock()
		a()
		mu.Unlock()
	}()
	only(1)
	b()
}

//go:noinline
func mutexOneSided(a, b func()) {
	var mu sync.Mutex
	go func() {
		mu.Lock()
		a()
		mu.Unlock()
	}()
	only(1)
	mu.Lock()
	mu.Unlock()
	b()
}

// Unlock happens before RLock; readers are not ordered among each other.

//go:noinline
func rwmutexWriteRacy(a, b func()) {
	var mu sync.RWMutex
	go func() {
		mu.RLock()
		a()
		mu.RUnlock()
	}()
	only(1)
	mu.RLock()
	b()
	mu.RUnlock()
}

//go:noinline
func rwmutexWrite(a, b func()) {
	var mu sync.RWMutex
	go func() {
		mu.Lock()
		a()
		mu.Unlock()
	}()
	only(1)
	mu.RLock()
	b()
	mu.RUnlock()
}

// RUnlock happens before the next Lock.

//go:noinline
func rwmutexReadRacy(a, b func()) {
	var mu, other sync.RWMutex
	go func() {
		mu.RLock()
		a()
		mu.RUnlock()
	}()
	only(1)
	other.Lock()
	b()
	other.Unlock()
}

//go:noinline
func rwmutexRead(a, b func()) {
	var mu sync.RWMutex
	go func() {
		mu.RLock()
		a()
		mu.RUnlock()
	}()
	only(1)
	mu.Lock()
	b()
	mu.Unlock()
}

// Done happens before the Wait that it ends.

//go:noinline
func waitGroupRacy(a, b func()) {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		wg.Done()
		a()
	}()
	wg.Wait()
	only(1)
	b()
}

//go:noinline
func waitGroup(a, b func()) {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		a()
		wg.Done()
	}()
	wg.Wait()
	b()
}

// The function that Do runs happens before any Do returns.

//go:noinline
func onceRacy(a, b func()) {
	var o sync.Once
	go func() {
		o.Do(nothing)
		a()
	}()
	only(1)
	o.Do(nothing)
	b()
}

//go:noinline
func once(a, b func()) {
	var o sync.Once
	go func() {
		o.Do(a)
	}()
	only(1)
	o.Do(a)
	b()
}

// An atomic store happens before the load that sees it.

//go:noinline
func atomicStoreRacy(a, b func()) {
	var flag int32
	go func() {
		atomic.StoreInt32(&flag, 1)
		a()
	}()
	for atomic.LoadInt32(&flag) == 0 {
		runtime.Gosched()
	}
	only(1)
	b()
}

//go:noinline
func atomicStore(a, b func()) {
	var flag int32
	go func() {
		a()
		atomic.StoreInt32(&flag, 1)
	}()
	for atomic.LoadInt32(&flag) == 0 {
		runtime.Gosched()
	}
	b()
}

// An atomic addition happens before a later one of the same variable.

//go:noinline
func atomicAddRacy(a, b func()) {
	var n, other int32
	go func() {
		a()
		atomic.AddInt32(&n, 1)
	}()
	only(1)
	atomic.AddInt32(&other, 1)
	b()
}

//go:noinline
func atomicAdd(a, b func()) {
	var n int32
	go func() {
		a()
		atomic.AddInt32(&n, 1)
	}()
	only(1)
	atomic.AddInt32(&n, 1)
	b()
}

// Compare-and-swap as a lock; unlocked too early in the racy form.

//go:noinline
func atomicCASRacy(a, b func()) {
	var l int32
	go func() {
		for !atomic.CompareAndSwapInt32(&l, 0, 1) {
			runtime.Gosched()
		}
		atomic.StoreInt32(&l, 0)
		a()
	}()
	only(1)
	for !atomic.CompareAndSwapInt32(&l, 0, 1) {
		runtime.Gosched()
	}
	b()
	atomic.StoreInt32(&l, 0)
}

//go:noinline
func atomicCAS(a, b func()) {
	var l int32
	go func() {
		for !atomic.CompareAndSwapInt32(&l, 0, 1) {
			runtime.Gosched()
		}
		a()
		atomic.StoreInt32(&l, 0)
	}()
	only(1)
	for !atomic.CompareAndSwapInt32(&l, 0, 1) {
		runtime.Gosched()
	}
	b()
	atomic.StoreInt32(&l, 0)
}

// Add must happen before the Wait that is to wait for it.

// waiters says how many wait. The race detector does not see it look: the low half of the first word has them.
//
//go:norace
//go:noinline
func waiters(wg *sync.WaitGroup) uint32 {
	return *(*uint32)(unsafe.Pointer(wg))
}

//go:noinline
func waitGroupAddRacy(a, b func()) {
	var wg sync.WaitGroup
	go func() {
		wg.Add(1)
	}()
	only(1)
	go func() {
		for waiters(&wg) == 0 {
			runtime.Gosched()
		}
		a()
		wg.Done()
	}()
	wg.Wait()
	b()
}

//go:noinline
func waitGroupAdd(a, b func()) {
	var wg sync.WaitGroup
	added := make(chan int)
	go func() {
		wg.Add(1)
		added <- 1
	}()
	<-added
	go func() {
		a()
		wg.Done()
	}()
	wg.Wait()
	b()
}
