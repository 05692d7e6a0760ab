package schedule

// end books that subtasks [from, to) of step n ended, and follows what comes
// of it: followers become ready or end too, and if the step is complete its
// needers may start, or cannot any more.
func (m *Machine) end(n, from, to int32, out Outcome, taken bool) {
	if from == to {
		return
	}
	if !taken {
		m.drain(Range{int(n), int(from), int(to), out})
	}
	s := &m.steps[n]
	s.ended += to - from
	if out == Done || out == Abstained {
		s.well += to - from
	}
	for _, f := range s.followers {
		m.follow(f, from, to, out)
	}
	for _, u := range s.unfolders {
		m.sourceEnded(u, out)
	}
	if s := &m.steps[n]; s.complete() {
		m.completed(n)
	}
}

// drain notes a range, as one with the last if it goes on from it.
func (m *Machine) drain(r Range) {
	if k := len(m.drained) - 1; k >= 0 {
		if last := &m.drained[k]; last.Step == r.Step && last.To == r.From && last.Outcome == r.Outcome {
			last.To = r.To
			return
		}
	}
	m.drained = append(m.drained, r)
}

// follow tells follower f that subtasks [from, to) of the step it follows
// ended so.
func (m *Machine) follow(f, from, to int32, out Outcome) {
	s := &m.steps[f]
	switch {
	case out == Cancelled || out == Done && m.cancelled:
		out = Cancelled
	case s.doomed || out == Failed:
		out = Skipped
	case out == Done:
		for i := from; i < to; i++ {
			s.ready = append(s.ready, i)
		}
		m.enqueue(f)
		return
	}
	m.end(f, from, to, out, false)
}

// sourceEnded tells an Unfold step that the subtask which holds its list
// ended. Without a list the step has one place, which ends without a call.
func (m *Machine) sourceEnded(u int32, out Outcome) {
	if out == Done {
		m.unfolding = append(m.unfolding, int(u))
		return
	}
	m.setCount(u, 1)
	s := &m.steps[u]
	s.next = 1
	if out != Cancelled && (out != Abstained || s.doomed) {
		out = Skipped
	}
	m.end(u, 0, 1, out, false)
}

// Unfolding returns the next step that waits to be told the length of its
// list, if there is one.
func (m *Machine) Unfolding() (step int, ok bool) {
	if len(m.unfolding) == 0 {
		return 0, false
	}
	n := m.unfolding[0]
	m.unfolding = m.unfolding[1:]
	return n, true
}

// Unfold tells the number of subtasks of a step that Unfolding returned.
func (m *Machine) Unfold(n, count int) {
	u := int32(n)
	m.setCount(u, int32(count))
	if count == 0 {
		m.emptied(u)
		return
	}
	if s := &m.steps[u]; s.waits == 0 || s.doomed || m.cancelled {
		m.settle(u)
	}
}

// setCount tells a step, and those that follow it, their number of subtasks.
func (m *Machine) setCount(n, count int32) {
	m.steps[n].count = count
	for _, f := range m.steps[n].followers {
		m.setCount(f, count)
	}
}

// emptied says that a step and its followers have nothing to do.
func (m *Machine) emptied(n int32) {
	m.completed(n)
	for _, f := range m.steps[n].followers {
		m.emptied(f)
	}
}

// completed tells the needers of a step that it is complete.
func (m *Machine) completed(n int32) {
	failed := m.steps[n].failed()
	for _, d := range m.steps[n].needers {
		s := &m.steps[d]
		s.waits--
		if !s.doomed && (failed || s.waits == 0) {
			s.doomed = failed
			m.settle(d)
		}
	}
}
