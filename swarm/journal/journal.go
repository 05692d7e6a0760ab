// Package journal is a [swarm.Journal] in an SQLite file. A process that is killed
// loses nothing that was recorded.
//
//	j, err := journal.Open("runs.db")
//	…
//	defer j.Close()
//	s := swarm.Swarm{Planner: p, Worker: w, Journal: j}
//	answer, err := s.Run(ctx, task) // the same task again: it goes on
//
// The file holds any number of runs; only one process at a time can open it.
// Records are synced to the disk in batches: one sync for all that arrived during
// the one before. docs/durability.md says what is promised and what it costs.
package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"

	"modernc.org/sqlite" // also the driver of database/sql
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	applicationID = 0x53574a4c // "SWJL"
	version       = 1
)

// The index is apart from the data: a search in one tree of both would read whole
// each long record that it compares a place with.
const schema = `
CREATE TABLE runs(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, memo BLOB) STRICT;
CREATE TABLE records(run INTEGER NOT NULL, kind TEXT NOT NULL, step TEXT NOT NULL, idx INTEGER NOT NULL, key BLOB NOT NULL, data BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX place ON records(run, kind, step, idx);
`

// DB is a journal in a file. Safe for concurrent use.
type DB struct {
	path string
	lock *sql.DB // of the file beside it that says who has it
	db   *sql.DB
	find *sql.Stmt

	writer sync.WaitGroup

	mu     sync.Mutex
	change sync.Cond // next has records, or closed is set
	runs   map[int64]bool
	next   *batch
	failed error // nothing more is taken
	closed bool
}

var _ swarm.Journal = (*DB)(nil)

// Open opens or creates the journal in the file at path. The error is
// [swarm.ErrBusy] if another process, or another DB in this process, has it open.
// Next to the file are PATH.lock and, while it is open, PATH-wal and PATH-shm.
func Open(path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	j := &DB{path: path, runs: map[int64]bool{}, next: newBatch()}
	j.change.L = &j.mu
	if err := j.open(); err != nil {
		return nil, errors.Join(j.fault("open", err), j.release())
	}
	j.writer.Go(j.write)
	return j, nil
}

// open takes the lock, which falls with the process however that ends, and
// looks at what kind of file it is.
func (j *DB) open() (err error) {
	if j.lock, err = database(j.path+".lock", "busy_timeout(0)"); err != nil {
		return err
	}
	j.lock.SetMaxOpenConns(1)
	if _, err = j.lock.Exec("BEGIN EXCLUSIVE"); err != nil {
		return err
	}
	if j.db, err = database(j.path, "synchronous(FULL)", "busy_timeout(10000)"); err != nil {
		return err
	}
	j.db.SetMaxOpenConns(4) // the writer, and three that look things up
	j.db.SetMaxIdleConns(4)
	var app, has, tables int
	if err = j.db.QueryRow("SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id a, pragma_user_version v").Scan(&app, &has, &tables); err != nil {
		return err
	}
	fresh := app == 0 && has == 0 && tables == 0
	switch {
	case app != applicationID && !fresh:
		return errors.New("it is another program's database")
	case has > version:
		return fmt.Errorf("it has version %d, and this program knows %d: use a newer one", has, version)
	}
	if _, err = j.db.Exec("PRAGMA journal_mode=WAL"); err == nil && fresh {
		_, err = j.db.Exec(fmt.Sprintf("BEGIN; %s PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", schema, applicationID, version))
	}
	if err != nil {
		return err
	}
	j.find, err = j.db.Prepare("SELECT data FROM records WHERE run=? AND kind=? AND step=? AND idx=? AND key=?")
	return err
}

// database names a file with what is set on each connection to it.
func database(path string, pragmas ...string) (*sql.DB, error) {
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return sql.Open("sqlite", name.String())
}

// fault says what was being done to which file.
func (j *DB) fault(doing string, err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_BUSY {
		err = fmt.Errorf("%w: another process has the file", swarm.ErrBusy)
	}
	return fmt.Errorf("journal: %s %s: %w", doing, j.path, err)
}

// Close waits until all records are written and closes the file. Runs that still
// use it fail.
func (j *DB) Close() error {
	j.mu.Lock()
	j.closed = true
	j.change.Signal()
	j.mu.Unlock()
	j.writer.Wait()
	return errors.Join(j.failed, j.release())
}

// release closes what was opened; the lock goes last.
func (j *DB) release() (err error) {
	for _, db := range [...]*sql.DB{j.db, j.lock} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// Open opens the log of a run. The error is [swarm.ErrBusy] if it is already open.
func (j *DB) Open(ctx context.Context, run string) (swarm.Log, error) { return j.log(ctx, run, nil) }

// Memo returns a journal in the same file that also reuses, at no cost, results
// with the same input from other runs that were recorded under the same name. The
// name must say what else a result depends on, such as the model and the version of
// the prompt.
func (j *DB) Memo(name string) swarm.Journal { return memo{j, name} }

type memo struct {
	*DB
	name string
}

func (m memo) Open(ctx context.Context, run string) (swarm.Log, error) {
	sum := sha256.Sum256([]byte(m.name))
	return m.log(ctx, run, sum[:16])
}

func (j *DB) log(ctx context.Context, run string, memo []byte) (swarm.Log, error) {
	l := &log{DB: j, memo: memo}
	if memo != nil {
		if _, err := j.db.ExecContext(ctx, "CREATE INDEX IF NOT EXISTS memo ON records(key) WHERE kind='result'"); err != nil {
			return nil, j.fault("index", err)
		}
	}
	const open = "INSERT INTO runs(name, memo) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET memo=?2 RETURNING id, EXISTS(SELECT 1 FROM records WHERE run=id)"
	if err := j.db.QueryRowContext(ctx, open, run, memo).Scan(&l.run, &l.old); err != nil {
		return nil, j.fault("open a run in", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.runs[l.run] {
		return nil, fmt.Errorf("journal: %w", swarm.ErrBusy)
	}
	j.runs[l.run] = true
	return l, nil
}
