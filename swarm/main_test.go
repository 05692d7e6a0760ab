package swarm_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package if a run leaves a goroutine behind; inside a
// bubble of synctest the bubble does.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
