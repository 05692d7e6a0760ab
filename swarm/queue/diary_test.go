package queue_test

import (
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/db31e724/go-swarm/swarm"
)

// diary is a Journal in a file of records, which outlives a killed process: swarm/journal would
// bring its database into the go.sum of who imports the queue.
type diary string

// kept is an open diary.
type kept struct {
	mu   sync.Mutex
	had  map[string]swarm.Record // by place, when it was opened
	file *os.File
	enc  *gob.Encoder
}

func at(r swarm.Record) string { return r.Kind + " " + r.Step + " " + strconv.Itoa(r.Index) }

func (d diary) Open(context.Context, string) (swarm.Log, error) {
	k := &kept{had: map[string]swarm.Record{}}
	files, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	for _, f := range files { // one of each process, in order
		in, err := os.Open(string(d) + "/" + f.Name())
		if err != nil {
			return nil, err
		}
		var r swarm.Record
		for dec := gob.NewDecoder(in); dec.Decode(&r) == nil; r = (swarm.Record{}) { // the last record may be cut off
			k.had[at(r)] = r
		}
		_ = in.Close()
	}
	k.file, err = os.Create(string(d) + "/" + fmt.Sprintf("%04d", len(files)))
	k.enc = gob.NewEncoder(k.file)
	return k, err
}

func (k *kept) Get(r swarm.Record) ([]byte, error) {
	if had, ok := k.had[at(r)]; ok && had.Key == r.Key {
		return had.Data, nil
	}
	return nil, nil
}

func (k *kept) Put(r swarm.Record) func() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.enc.Encode(r)
	return func() error { return err }
}

func (k *kept) Close() error { return k.file.Close() }
