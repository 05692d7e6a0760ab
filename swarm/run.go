package swarm

type run struct{}
type working struct{}
type step struct {
	Step
	results []Result
}
type Report struct{}

func (r *run) park(w *working) func() { return func() {} }
func (r *run) reserve(s *scope, c Call) (func(Usage, error), error) {
	return func(Usage, error) {}, nil
}
func (r *run) emit(s *scope, e Event) {}
