package journal

import (
	"context"
	"database/sql"
	"errors"

	"github.com/db31e724/go-swarm/swarm"
)

// log is a run's log.
type log struct {
	*DB
	run  int64
	memo []byte // of the name of what results are shared under; nil: they are not
	old  bool   // it held records when it was opened

	last   *batch // guarded by mu
	closed bool   // the same
}

// Get finds a record by place, or a result of another run by key.
func (l *log) Get(r swarm.Record) (data []byte, err error) {
	err = sql.ErrNoRows
	if l.old {
		err = l.find.QueryRow(l.run, r.Kind, r.Step, r.Index, r.Key[:]).Scan(&data)
	}
	if l.memo != nil && r.Kind == "result" && errors.Is(err, sql.ErrNoRows) {
		const elsewhere = "SELECT data FROM records JOIN runs ON id=run WHERE key=? AND kind='result' AND memo=? LIMIT 1"
		if err = l.db.QueryRow(elsewhere, r.Key[:], l.memo).Scan(&data); err == nil {
			r.Data = data
			l.Put(r) // so that this run has it even without the other
		}
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, l.fault("read", err)
	}
	if data == nil { // as the driver gives an empty one
		data = []byte{}
	}
	return data, nil
}

// Put hands a record to the writer.
func (l *log) Put(r swarm.Record) (wait func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.failed
	if err == nil && (l.closed || l.DB.closed) {
		err = errors.New("journal: it is closed")
	}
	if err != nil {
		return func() error { return err }
	}
	b := l.next
	b.records = append(b.records, entry{l.run, r})
	l.last = b
	l.change.Signal()
	return b.wait
}

// Close waits for the last record and gives the run free.
func (l *log) Close() error {
	l.mu.Lock()
	last, was := l.last, l.closed
	l.closed = true
	l.mu.Unlock()
	if was {
		return nil
	}
	var err error
	if last != nil {
		err = last.wait()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.runs, l.run)
	return err
}

// batch is what is committed together.
type batch struct {
	records []entry
	done    chan struct{} // closed once it is durable, or err says why it is not
	err     error
}

type entry struct {
	run int64
	swarm.Record
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

func (b *batch) wait() error {
	<-b.done
	return b.err
}

// write is the life of the writer: it commits what has come while it
// committed what had come before.
func (j *DB) write() {
	for {
		j.mu.Lock()
		for len(j.next.records) == 0 && !j.closed {
			j.change.Wait()
		}
		b := j.next
		j.next = newBatch()
		failed := j.failed
		j.mu.Unlock()
		if len(b.records) == 0 {
			return
		}
		if b.err = failed; failed == nil {
			if err := j.commit(b.records); err != nil {
				b.err = j.fault("write", err)
				j.mu.Lock()
				j.failed = b.err
				j.mu.Unlock()
			}
		}
		close(b.done)
	}
}

func (j *DB) commit(records []entry) error {
	tx, err := j.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after the commit
	insert, err := tx.Prepare("INSERT INTO records(run, kind, step, idx, key, data) VALUES(?,?,?,?,?,coalesce(?,x'')) ON CONFLICT DO UPDATE SET key=excluded.key, data=excluded.data")
	if err != nil {
		return err
	}
	defer insert.Close()
	for i := range records {
		r := &records[i]
		if _, err := insert.Exec(r.run, r.Kind, r.Step, r.Index, r.Key[:], r.Data); err != nil {
			return err
		}
	}
	return tx.Commit()
}
