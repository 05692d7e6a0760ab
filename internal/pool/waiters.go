package pool

// line holds a run's waiting calls of one kind that fit the same backends.
type line struct {
	share *share
	fits  uint64
	kind  kind
	byUrgency
}

// waiter is one waiting call. ready is closed once slot or err is set.
type waiter struct {
	r        *Request
	priority int64
	seq      uint64
	place    int // in its heap
	ready    chan struct{}
	slot     slot
	err      error
}

func (w *waiter) before(v *waiter) bool {
	return w.priority > v.priority || w.priority == v.priority && w.seq < v.seq
}

// byUrgency is a heap of waiters.
type byUrgency []*waiter

func (h byUrgency) Len() int           { return len(h) }
func (h byUrgency) Less(i, j int) bool { return h[i].before(h[j]) }
func (h byUrgency) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *byUrgency) Push(x any) {
	w := x.(*waiter)
	w.place = len(*h)
	*h = append(*h, w)
}

func (h *byUrgency) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return w
}
