package index

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// corpus is size bytes of the Go distribution's source and prose, in order of
// their names, in chunks of 800 bytes.
func corpus(b *testing.B, size int) []string {
	b.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip(err)
	}
	var chunks []string
	dir := os.DirFS(filepath.Join(strings.TrimSpace(string(root)), "src"))
	err = fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || size <= 0 || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		data, err := fs.ReadFile(dir, path)
		text := string(data[:min(len(data), size)])
		size -= len(text)
		for len(text) > 0 && utf8.ValidString(text) {
			n := min(len(text), 800)
			chunks = append(chunks, strings.Clone(text[:n]))
			text = text[n:]
		}
		return err
	})
	if err != nil || size > 0 {
		b.Skipf("the Go distribution's text: %d bytes missing, %v", size, err)
	}
	return chunks
}

func BenchmarkIndex(b *testing.B) {
	const size = 20 << 20
	texts := corpus(b, size)
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	at := func(i int) string { return texts[i] }
	before := held()
	x := New(len(texts), at)
	after := held()

	b.Run("build", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			New(len(texts), at)
		}
		b.ReportMetric(float64(after-before)/size, "held-B/B")
	})
	for _, q := range []struct{ name, query string }{
		{"rare", "hash collisions in a map with many buckets"},
		{"common", "func return if err nil string the of"},
	} {
		b.Run("search/"+q.name, func(b *testing.B) {
			start, n := time.Now(), 0
			for b.Loop() {
				x.Search(q.query, 20)
				n++
			}
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "queries/s")
		})
	}
	for _, words := range []string{"goroutine", "garbage collector", "if err"} {
		b.Run("match/"+strings.ReplaceAll(words, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				x.Match([]string{words})
			}
		})
	}
	runtime.KeepAlive(x)
}
