package swarm_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// fixed is a planner without a model: one step over the chunks of all
// sources, merged by listing what was found.
type fixed struct{}

func (fixed) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "find", Do: "Find what is due and when.", Over: swarm.Chunks})
}

// Window: Merge is plain code, and reads any number of results.
func (fixed) Window() int { return 0 }

func (fixed) Merge(_ context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	var v swarm.Verdict
	for i := range results {
		for _, f := range results[i].Out.Findings {
			v.Citations = append(v.Citations, f.Evidence...)
			if _, err := fmt.Fprintf(w, "%s [%d]\n", f.Text, len(v.Citations)); err != nil {
				return v, err
			}
		}
	}
	return v, nil
}

// reader finds sentences with the word "due"; in place of a small model.
func reader(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	if !strings.Contains(st.Chunk.Text, "due") {
		return swarm.Output{}, nil
	}
	cite := st.Chunk.Cite(0, len(st.Chunk.Text))
	return swarm.Output{Findings: []swarm.Finding{{Text: st.Chunk.Text, Evidence: []swarm.Citation{cite}}}}, nil
}

var lease = swarm.Task{Goal: "What is due?", Sources: []swarm.Source{{Name: "lease.txt", Chunks: []swarm.Chunk{
	{Source: "lease.txt", ID: "lease.txt#1", Text: "Rent is due on the 1st.", Start: 0, End: 23},
	{Source: "lease.txt", ID: "lease.txt#2", Text: "Pets are welcome.", Start: 24, End: 41},
	{Source: "lease.txt", ID: "lease.txt#3", Text: "A deposit is due at once.", Start: 42, End: 67},
}}}}

func ExampleSwarm_Run() {
	s := swarm.Swarm{Planner: fixed{}, Worker: swarm.WorkerFunc(reader)}
	a, err := s.Run(context.Background(), lease)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(a.Text)
	fmt.Println(a.Citations[1].Chunk)
	fmt.Printf("%d of %d chunks read, %d had nothing\n", a.Coverage.ChunksRead, a.Coverage.ChunksKnown, a.Coverage.Abstained)
	// Output:
	// Rent is due on the 1st. [1]
	// A deposit is due at once. [2]
	// lease.txt#3
	// 3 of 3 chunks read, 1 had nothing
}

func ExampleAnswer_Results() {
	s := swarm.Swarm{Planner: fixed{}, Worker: swarm.WorkerFunc(reader)}
	a, err := s.Run(context.Background(), lease)
	if err != nil {
		fmt.Println(err)
		return
	}
	for r := range a.Results() {
		fmt.Printf("%s %s %q\n", r.ID(), r.Outcome, r.Out.Text())
	}
	// Output:
	// 1/find/0 done "Rent is due on the 1st."
	// 1/find/1 abstained ""
	// 1/find/2 done "A deposit is due at once."
}

// A worker is any function. Its error is its own subtask's; the others go on.
func ExampleWorkerFunc() {
	half := swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if len(st.Item)%2 == 1 {
			return swarm.Output{}, fmt.Errorf("%q cannot be halved", st.Item)
		}
		return swarm.Say(st.Item[:len(st.Item)/2]), nil
	})
	p := script{steps: []swarm.Step{{ID: "cut", Do: "Cut in half.", Over: swarm.Items, Items: []string{"tomtom", "odd", "dodo"}}}}
	a, err := (&swarm.Swarm{Planner: p, Worker: half}).Run(context.Background(), swarm.Task{Goal: "halves"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(a.Text)
	for r := range a.Results() {
		if r.Err != nil {
			fmt.Println(r.Err)
		}
	}
	// Output:
	// 1/cut/0 tom
	// 1/cut/2 do
	// subtask 1/cut/1: "odd" cannot be halved
}

// The planner's add says what is wrong with a step, so that it can be mended.
func ExamplePlanError() {
	p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		err := add(swarm.Step{ID: "sum", Do: "Sum up.", Needs: []string{"find"}})
		fmt.Println(err)
		return add(swarm.Step{ID: "sum", Do: "Sum up."})
	}}
	_, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: 1}).Run(context.Background(), lease)
	fmt.Println(err)
	// Output:
	// step "sum": needs "find" is not written yet: a step may only use steps before it
	// <nil>
}

// One place is enough for two subtasks that wait for each other, as long as
// who waits has parked.
func ExamplePark() {
	word := make(chan string)
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Index == 1 {
			word <- "hello"
			return swarm.Say("said"), nil
		}
		unpark := swarm.Park(ctx)
		heard := <-word
		unpark()
		return swarm.Say("heard " + heard), nil
	}
	p := script{steps: []swarm.Step{{ID: "talk", Do: "Talk.", Over: swarm.Items, Items: []string{"ear", "mouth"}}}}
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Concurrency: 1}).Run(context.Background(), swarm.Task{Goal: "talk"})
	fmt.Print(a.Text, err)
	// Output:
	// 1/talk/0 heard hello
	// 1/talk/1 said
	// <nil>
}

// A worker that calls a model announces each attempt and settles what it used.
func ExampleReserve() {
	price := &swarm.Price{In: swarm.Dollar / 10, Out: swarm.Dollar / 2}
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		reserved, err := swarm.Reserve(ctx, swarm.Call{Model: "small", Price: price, Est: swarm.Usage{In: 1000, Out: 200}})
		if err != nil {
			return swarm.Output{}, err
		}
		// … the call itself …
		reserved.Settle(swarm.Usage{In: 900, Out: 50}, nil)
		return swarm.Say(st.Item), nil
	}
	p := script{steps: []swarm.Step{{ID: "a", Do: "Ask.", Over: swarm.Items, Items: numbered(100)}}}
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w)}).Run(context.Background(), swarm.Task{Goal: "ask"})
	u := a.Report.Models["small"]
	fmt.Println(u.Calls, u.In, u.Out, u.Cost, err)
	// Output:
	// 100 90000 5000 $0.0115 <nil>
}

func ExampleEmit() {
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Text: "the server takes no schemas"})
		return swarm.Say("asked"), nil
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{{ID: "a", Do: "Ask."}}}, Worker: swarm.WorkerFunc(w), Observe: func(e swarm.Event) {
		if e.Kind == swarm.Learned {
			fmt.Println(e.Kind, e.Step, e.Role, e.Text)
		}
	}}
	_, err := s.Run(context.Background(), swarm.Task{Goal: "learn"})
	fmt.Println(err)
	// Output:
	// learned 1/a worker the server takes no schemas
	// <nil>
}

// A Report can be kept from the events alone, while the run goes on.
func ExampleReport_Add() {
	var r swarm.Report
	s := swarm.Swarm{Planner: fixed{}, Worker: swarm.WorkerFunc(reader), Observe: func(e swarm.Event) { r.Add(e) }}
	a, err := s.Run(context.Background(), lease)
	fmt.Println(r.Subtasks.Total(), r.Subtasks[swarm.Done], r.Subtasks == a.Report.Subtasks, err)
	// Output:
	// 3 2 true <nil>
}

func ExamplePrice_Cost() {
	p := swarm.Price{In: 2 * swarm.Dollar, Cached: swarm.Dollar / 2, Out: 8 * swarm.Dollar} // a million tokens
	fmt.Println(p.Cost(swarm.Usage{In: 10_000, Cached: 8_000, Out: 500}))
	// Output:
	// $0.0120
}

func ExampleUsage_Plus() {
	first := swarm.Usage{Calls: 1, In: 100, Out: 10, Cost: 1000}
	cut := swarm.Usage{Calls: 1, In: 100, AtLeast: true}
	fmt.Printf("%+v\n", first.Plus(cut))
	// Output:
	// {Calls:2 In:200 Cached:0 Written:0 Out:10 Cost:$0.000001 AtLeast:true Unpriced:false}
}

// A swarm is a worker: each chunk of the outer run is read by a run of its own,
// and the outer budget holds for the calls of all.
func ExampleSwarm_Work() {
	inner := &swarm.Swarm{Planner: fixed{}, Worker: swarm.WorkerFunc(reader)}
	outer := swarm.Swarm{
		Planner: readEach{},
		Worker:  inner,
		Budget:  swarm.Budget{Cost: swarm.Dollar},
	}
	a, err := outer.Run(context.Background(), lease)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(a.Text)
	// Output:
	// Rent is due on the 1st. [1]
	// A deposit is due at once. [1]
}

// readEach hands each chunk to a worker and writes down what comes back.
type readEach struct{ fixed }

func (readEach) Merge(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	for i := range results {
		if _, err := fmt.Fprint(w, results[i].Out.Text()); err != nil {
			return swarm.Verdict{}, err
		}
	}
	return swarm.Verdict{}, nil
}
