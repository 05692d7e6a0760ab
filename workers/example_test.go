package workers_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// A tool asks a person before it does something. While it waits another subtask has
// the place of its own, and the model is told of a no.
func ExampleTool() {
	type order struct {
		What  string  `json:"what"`
		Price float64 `json:"price" jsonschema:"in euros"`
	}
	ask := func(context.Context, string) bool { return false } // waits for somebody to click
	tool := workers.Tool("order", "orders something, if a person agrees", func(ctx context.Context, o order) (string, error) {
		unpark := swarm.Park(ctx)
		yes := ask(ctx, fmt.Sprintf("Order %s for %.0f euros?", o.What, o.Price))
		unpark()
		if !yes {
			return "", errors.New("the person says no")
		}
		return "ordered", nil
	})
	tool.Time = 24 * time.Hour
	fmt.Println(string(tool.Schema))
	_, err := tool.Call(context.Background(), []byte(`{"what":"a key","price":9}`))
	fmt.Println(err)
	// Output:
	// {"type":"object","properties":{"what":{"type":"string"},"price":{"type":"number","description":"in euros"}},"required":["what","price"],"additionalProperties":false}
	// the person says no
}

// A pool over a local server and a provider: each has its own slots and
// context, and its price is known or told. No call is made until a subtask
// comes.
func ExampleNewPool() {
	pool, err := workers.NewPool(workers.Config{
		Backends: []model.Backend{
			{Name: "local", BaseURL: "http://127.0.0.1:11434/v1", Model: "qwen3:4b", Slots: 4, Context: 8192, Price: &swarm.Price{}},
			{Name: "cloud", Model: "gpt-5.4-nano", Key: os.Getenv("OPENAI_API_KEY"), Slots: 32},
		},
		MaxOut: 400,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	worker := workers.Check(pool, workers.Quotes) // give this to a swarm.Swarm
	fmt.Printf("%T\n", worker)
	// Output: swarm.WorkerFunc
}

func ExampleNewModel() {
	_, err := workers.NewModel(model.Backend{BaseURL: "localhost:8080", Model: "small"})
	fmt.Println(err != nil)
	// Output: true
}

// A check is a function; what it finds wrong is told to the worker once.
func ExampleCheck() {
	worker := swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if len(st.Feedback) > 0 {
			return swarm.Say("in 1984"), nil // it was told what is wrong
		}
		return swarm.Say("long ago"), nil
	})
	hasFigure := func(_ swarm.Subtask, f *swarm.Finding) string {
		if !strings.ContainsAny(f.Text, "0123456789") {
			return "there is no year in the answer"
		}
		return ""
	}
	out, err := workers.Check(worker, hasFigure).Work(context.Background(), swarm.Subtask{Step: &swarm.Step{Do: "Say when."}})
	fmt.Println(out.Text(), out.Doubts, err)
	// Output: in 1984 [] <nil>
}

func ExamplePriceOf() {
	price := model.PriceOf("openai/gpt-5.4-nano")
	fmt.Println(price.In, price.Out, model.PriceOf("my-own-model"))
	// Output: $0.2000 $1.25 <nil>
}
