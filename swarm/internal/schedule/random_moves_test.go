package schedule

import "slices"

// end ends one of the taken subtasks, wherever it is.
func (p *player) end() {
	if len(p.taken) == 0 {
		return
	}
	ref := p.taken[p.rng.IntN(len(p.taken))]
	if (slices.Contains(p.parked, ref) || slices.Contains(p.back, ref)) && p.rng.IntN(8) > 0 {
		return // rare: a worker that returns without unparking
	}
	out := []Outcome{Done, Done, Done, Abstained, Failed}[p.rng.IntN(5)]
	if p.stopped && p.rng.IntN(2) == 0 {
		out = Cancelled
	}
	p.met[map[Outcome]string{Done: "done", Abstained: "abstained", Failed: "failed", Cancelled: "ended as cancelled"}[out]]++
	drop := func(refs []Ref, met string) []Ref {
		if i := slices.Index(refs, ref); i >= 0 {
			if met != "" {
				p.met[met]++
			}
			return slices.Delete(refs, i, i+1)
		}
		return refs
	}
	p.taken = drop(p.taken, "")
	p.parked = drop(p.parked, "ended while parked")
	p.back = drop(p.back, "ended while it waits")
	p.adrift = drop(p.adrift, "")
	p.steps[ref.Step].ended[ref.Index] = out
	p.m.Done(ref, out)
}

func (p *player) park() {
	var held []Ref
	for _, r := range p.taken {
		if !slices.Contains(p.parked, r) && !slices.Contains(p.back, r) && !slices.Contains(p.adrift, r) {
			held = append(held, r)
		}
	}
	if len(held) == 0 {
		return
	}
	for range 1 + p.rng.IntN(2) {
		ref := held[p.rng.IntN(len(held))]
		if slices.Contains(p.parked, ref) {
			continue
		}
		room := len(p.parked) < MostParked*p.places
		if got := p.m.Park(ref); got != room {
			p.fatal("Park(%v) = %v with %d parked", ref, got, len(p.parked))
		}
		if !room {
			p.met["kept its place"]++
			continue
		}
		p.met["parked"]++
		p.parked = append(p.parked, ref)
	}
}

func (p *player) unpark() {
	if p.hoards && p.met["kept its place"] == p.kept {
		return
	}
	if len(p.parked) == 0 {
		return
	}
	i := p.rng.IntN(len(p.parked))
	ref := p.parked[i]
	free := p.working() < p.places && len(p.back) == 0
	p.parked = slices.Delete(p.parked, i, i+1)
	got := p.m.Return(ref)
	switch {
	case p.stopped:
		if !got {
			p.fatal("Return(%v) waits after a cancel", ref)
		}
		p.adrift = append(p.adrift, ref)
	case got != free:
		p.fatal("Return(%v) = %v, but a place is free: %v", ref, got, free)
	case got:
		p.met["returned at once"]++
	default:
		p.met["waited for its place"]++
		p.back = append(p.back, ref)
	}
}

// settle does what a driver does after each call, and checks what the
// machine decided on its own against the model.
func (p *player) settle() {
	for {
		n, ok := p.m.Unfolding()
		if !ok {
			break
		}
		s := p.steps[n]
		if src := p.steps[s.spec.Of]; s.spec.Mode != Unfold || src.ended[0] != Done || s.count >= 0 {
			p.fatal("asks for the length of step %d", n)
		}
		p.setCount(n, p.rng.IntN(4))
		p.met["unfolded"]++
		if s.count == 0 {
			p.met["unfolded empty"]++
		}
		if p.stopped {
			p.met["unfolded after cancel"]++
		}
		p.m.Unfold(n, s.count)
	}
	for _, d := range p.m.Drain() {
		s := p.steps[d.Step]
		if s.count < 0 { // a list that will not be known
			p.setCount(d.Step, 1)
		}
		if d.From >= d.To {
			p.fatal("an empty range %+v", d)
		}
		for i := d.From; i < d.To; i++ {
			if s.ended[i] != Pending || s.taken[i] {
				p.fatal("%d of step %d ends twice (%v, then %v)", i, d.Step, s.ended[i], d.Outcome)
			}
			s.ended[i] = d.Outcome
		}
		p.met["cascade "+d.Outcome.String()]++
	}
	for {
		ref, ok := p.m.Grant()
		if !ok {
			break
		}
		if len(p.back) == 0 || p.back[0] != ref {
			p.fatal("granted %v, but first in line is %v", ref, p.back)
		}
		p.back = p.back[1:]
		if p.stopped {
			p.met["granted by cancel"]++
			p.adrift = append(p.adrift, ref)
		} else {
			p.met["granted"]++
		}
	}
	if len(p.back) > 0 && (p.working() < p.places || p.stopped) {
		p.fatal("%v waits though a place is free", p.back)
	}
	if p.working() > p.places || p.m.working != p.working() {
		p.fatal("%d work (machine: %d) on %d places", p.working(), p.m.working, p.places)
	}
	if _, _, any := p.anyReady(); p.m.Ready() != (any && p.working() < p.places && len(p.back) == 0) {
		p.fatal("Ready is %v, but ready is %v, working %d of %d, returning %d", p.m.Ready(), any, p.working(), p.places, len(p.back))
	}
	p.checkOutcomes()
}

func (p *player) setCount(n, count int) {
	p.steps[n].count = count
	p.steps[n].grow()
	for m, s := range p.steps {
		if s.spec.Mode == Follow && s.spec.Of == n {
			p.setCount(m, count)
		}
	}
}

// checkOutcomes checks, for every subtask that was never taken, that its
// outcome is the one that the contract gives it, and that none is left
// pending which cannot run any more.
func (p *player) checkOutcomes() {
	for n, s := range p.steps {
		doomed := false
		for _, need := range s.spec.Needs {
			doomed = doomed || p.steps[need].failed()
		}
		if doomed {
			p.met["doomed"]++
		}
		for i := range s.ended {
			if s.taken[i] {
				continue
			}
			src := Done
			switch s.spec.Mode {
			case Follow:
				src = p.steps[s.spec.Of].ended[i]
			case Unfold:
				src = p.steps[s.spec.Of].ended[0]
			}
			var may []Outcome
			switch {
			case src == Pending:
				may = []Outcome{Pending}
			case src == Cancelled:
				may = []Outcome{Cancelled}
			case src == Failed || src == Skipped:
				may = []Outcome{Skipped}
			case src == Abstained && doomed:
				may = []Outcome{Abstained, Skipped} // whichever came first
			case src == Abstained:
				may = []Outcome{Abstained}
			case p.stopped && doomed:
				may = []Outcome{Cancelled, Skipped}
			case p.stopped:
				may = []Outcome{Cancelled}
			case doomed:
				may = []Outcome{Skipped}
			default:
				may = []Outcome{Pending}
			}
			if !slices.Contains(may, s.ended[i]) {
				p.fatal("step %d/%d (mode %d, source %v, doomed %v, stopped %v) is %v, want %v", n, i, s.spec.Mode, src, doomed, p.stopped, s.ended[i], may)
			}
		}
	}
}
