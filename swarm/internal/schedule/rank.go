package schedule

import "cmp"

// rank computes the longest remaining path of each step, in one pass from the
// last to the first: a step needs earlier ones only.
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
}

// order compares two steps by their urgency: the longer path of the pipeline's
// head, then, in one pipeline, the later step, so that chains finish; then plan
// order.
func (m *Machine) order(a, b int32) int {
	x, y := &m.steps[a], &m.steps[b]
	return cmp.Or(
		cmp.Compare(m.steps[y.head].path, m.steps[x.head].path),
		cmp.Compare(x.head, y.head),
		cmp.Compare(y.depth, x.depth),
		cmp.Compare(a, b),
	)
}
