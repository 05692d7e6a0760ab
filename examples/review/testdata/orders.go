package shop

import (
	"fmt"
	"time"
)

// Order is what a customer ordered.
type Order struct {
	Cents int
	Due   time.Time
}

// Total returns what the orders cost, in cents.
func Total(orders []Order) int {
	sum := 0
	for _, o := range orders {
		sum += o.Cents
	}
	return sum
}

// Overdue says whether an order should have been paid by now.
func (o Order) Overdue(now time.Time) bool {
	return o.Due.After(now)
}

// Check says what is wrong with an order.
func (o Order) Check() error {
	if o.Cents < 0 {
		return fmt.Errorf("the order costs %d cents", o.Cents)
	}
	return nil
}
