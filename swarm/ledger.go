package swarm

// release gives back what was reserved.
func (r *run) release(held amount) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reserved = r.reserved.minus(held)
	close(r.settled)
	r.settled = make(chan struct{})
}

// settleCall books a call. The ledger is the report: one fold over the events
// of calls, so that what is told and what is summed up cannot differ.
func (r *run) settleCall(s *scope, c Call, used Usage, err error) {
	used = used.bounded()
	used.Calls = 1
	used.Cost = 0
	if c.Price != nil {
		used.Cost = c.Price.Cost(used)
		if used.AtLeast && used.Cached+used.Written == 0 { // where its prompt met a cache is not known
			used.Cost = c.Price.most(used)
		}
	} else {
		used.Unpriced = true
	}
	r.enterLock()
	defer r.mu.Unlock()
	if s.work != nil && !s.work.over {
		s.work.spend(used)
	}
	e := Event{Kind: CallEnded, Model: c.Model, Price: c.Price, Usage: &used, Est: &c.Est, Err: err}
	s.fill(&e)
	r.tell(e)
}

// bookRemote books what a worker's output says of calls that this ledger did
// not see. The lock is held.
func (r *run) bookRemote(w *working, used Usage) {
	used = used.bounded()
	w.spend(used)
	e := Event{Kind: CallEnded, Usage: &used}
	w.scope.fill(&e)
	r.tell(e)
}

// spend adds to what the subtask used. The lock is held.
func (w *working) spend(used Usage) {
	if w.usage == nil {
		w.usage = new(Usage)
	}
	*w.usage = w.usage.Plus(used)
}

// begin tells the observer that the run has started.
func (r *run) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell(Event{Kind: RunStarted, Text: r.task.Goal, Tokens: sourceTokens(r.task.Sources)})
}

// sourceTokens estimates the tokens of all sources, what overlapping chunks
// share counted once.
func sourceTokens(sources []Source) int {
	total := 0
	for i := range sources {
		read := 0
		for j := range sources[i].Chunks {
			c := &sources[i].Chunks[j]
			text := c.Text
			if seen := read - c.Start; seen > 0 && c.End-c.Start == len(text) {
				text = text[min(seen, len(text)):]
			}
			total += EstimateTokens(text)
			read = max(read, c.End)
		}
	}
	return total
}
