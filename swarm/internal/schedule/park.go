package schedule

// Park takes the place from a subtask that waits for something else. It
// returns false, and the subtask keeps its place, if it has none to give, or
// if as many are parked as may be.
func (m *Machine) Park(ref Ref) bool {
	if _, ok := m.away[ref]; ok || m.parked >= MostParked*m.places {
		return false
	}
	m.away[ref] = parked
	m.parked++
	m.working--
	return true
}

// Return asks for the place of a parked subtask back. It returns true if the
// subtask may go on at once; otherwise Grant will return it.
func (m *Machine) Return(ref Ref) bool {
	if m.away[ref] != parked {
		return true
	}
	m.parked--
	switch {
	case m.cancelled:
		m.away[ref] = adrift
	case m.working < m.places && len(m.returning) == 0:
		delete(m.away, ref)
		m.working++
	default:
		m.away[ref] = returning
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
	for len(m.returning) > 0 && (m.cancelled || m.working < m.places) {
		ref := m.returning[0]
		m.returning = m.returning[1:]
		if m.away[ref] != returning {
			continue // it ended meanwhile
		}
		if m.cancelled {
			m.away[ref] = adrift
		} else {
			delete(m.away, ref)
			m.working++
		}
		return ref, true
	}
	return Ref{}, false
}
