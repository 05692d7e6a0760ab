package source_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/db31e724/go-swarm/swarm/source"
)

func ExampleDecode() {
	t, err := source.Decode("prices.html", []byte("<h2>Prices</h2><table><tr><th>tea<th>2 &euro;</table>"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(t.Body)
	fmt.Println(t.Format, t.Converted, t.Notes)
	// Output:
	// ## Prices
	//
	// tea | 2 €
	// HTML true [HTML converted to text: offsets point into the converted text]
}

func ExampleReadDir() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("Dear all"), 0o644)
	os.WriteFile(filepath.Join(dir, "photo"), []byte("\x89PNG"), 0o644)

	texts, skipped, err := source.ReadDir(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range texts {
		fmt.Println("read", t.Name)
	}
	for _, s := range skipped {
		fmt.Println("skipped", filepath.Base(s.Path))
	}
	// Output:
	// read letter.txt
	// skipped photo
}

func ExampleUnique() {
	texts := []source.Text{
		{Name: "README.md", Path: "kettle/README.md"},
		{Name: "README.md", Path: "toaster/README.md"},
	}
	source.Unique(texts)
	fmt.Println(texts[0].Name, texts[1].Name)
	// Output: kettle/README.md toaster/README.md
}

func ExampleFiles() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	tea, north := filepath.Join(dir, "tea.txt"), filepath.Join(dir, "north")
	os.Mkdir(north, 0o755)
	os.WriteFile(tea, []byte("Tea costs two euros."), 0o644)
	os.WriteFile(filepath.Join(north, "tea.txt"), []byte("Tea costs one euro."), 0o644)
	os.WriteFile(filepath.Join(north, "milk.html"), []byte("<p>Milk costs one euro."), 0o644)

	sources, notes, err := source.Files(source.Options{}, tea, north)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range sources {
		fmt.Println(len(s.Chunks), "chunk:", s.Chunks[0].Text)
	}
	for _, n := range notes {
		fmt.Println(n)
	}
	// Output:
	// 1 chunk: Tea costs two euros.
	// 1 chunk: Milk costs one euro.
	// 1 chunk: Tea costs one euro.
	// milk.html: HTML converted to text: offsets point into the converted text
}
