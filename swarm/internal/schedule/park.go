package schedule

// Park takes the place from a subtask that waits for something else. It
// returns false, and the subtask keeps its place, if it has none to give, or
// if as many are parked as may be.
func (m *Machine) Park(ref Ref) bool {
	if _, ok := m.away[ref]; ok || m.parked >= MostParked*m.places {
		return false
	}
	m.away[ref] = true
	m.parked++
	m.working--
	return true
}

// Return asks for the place of a parked subtask back. It returns true if the
// subtask may go on at once; otherwise Grant will return it.
func (m *Machine) Return(ref Ref) bool {
	if !m.away[ref] {
		return true
	}
	m.parked--
	m.away[ref] = false
	switch {
	case m.cancelled:
	case m.working < m.places && len(m.returning) == 0:
		delete(m.away, ref)
		m.working++
	default:
		m.returning = append(m.returning, ref)
		return false
	}
	return true
}

// Grant returns a subtask that got its place back, if one did: those that
// return go before those that are new, and after a cancel all go on, without
// a place. The driver calls it after Done, Park and Cancel, until it returns
// false.
func (m *Machine) Grant() (Ref, bool) {
	if len(m.returning) == 0 || !m.cancelled && m.working >= m.places {
		return Ref{}, false
	}
	ref := m.returning[0]
	m.returning = m.returning[1:]
	if !m.cancelled {
		delete(m.away, ref)
		m.working++
	}
	return ref, true
}
