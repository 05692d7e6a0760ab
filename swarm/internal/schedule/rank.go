package schedule

// rank computes the longest remaining path of each step, in one pass from the
// last to the first (a step needs earlier ones only), and orders the heap by
// it.
func (m *Machine) rank() {
	m.stale = false
	for i := range m.steps {
		m.steps[i].path = 0
	}
	for i := len(m.steps) - 1; i >= 0; i-- {
		s := &m.steps[i]
		s.path += s.est
		for _, n := range s.needs {
			m.steps[n].path = max(m.steps[n].path, s.path)
		}
		if s.of >= 0 {
			m.steps[s.of].path = max(m.steps[s.of].path, s.path)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
}

// before tells whether step a goes before step b: the longer path of the
// pipeline's head, then, in one pipeline, the later step, so that chains
// finish; then plan order.
func (m *Machine) before(a, b int32) bool {
	x, y := &m.steps[a], &m.steps[b]
	px, py := m.steps[x.head].path, m.steps[y.head].path
	switch {
	case px != py:
		return px > py
	case x.head != y.head:
		return x.head < y.head
	case x.depth != y.depth:
		return x.depth > y.depth
	}
	return a < b
}

func (m *Machine) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !m.before(m.heap[i], m.heap[p]) {
			return
		}
		m.heap[i], m.heap[p] = m.heap[p], m.heap[i]
		i = p
	}
}

func (m *Machine) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(m.heap) {
			return
		}
		if c+1 < len(m.heap) && m.before(m.heap[c+1], m.heap[c]) {
			c++
		}
		if !m.before(m.heap[c], m.heap[i]) {
			return
		}
		m.heap[i], m.heap[c] = m.heap[c], m.heap[i]
		i = c
	}
}

// pop takes the most urgent step out of the heap.
func (m *Machine) pop() {
	m.steps[m.heap[0]].queued = false
	last := len(m.heap) - 1
	m.heap[0] = m.heap[last]
	m.heap = m.heap[:last]
	m.down(0)
}
