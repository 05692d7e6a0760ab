package mock

import (
	"strings"
	"testing"
)

func BenchmarkSmallBrain(b *testing.B) {
	pieces := cutText(specText(b), 3000)
	r := smallRequest("How does a select statement choose when several communications can proceed?", "go_spec.html", pieces[len(pieces)/2])
	b.SetBytes(int64(len(r.Messages[0].Content) + len(r.Messages[1].Content)))
	for b.Loop() {
		if _, err := SmallBrain(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLargeBrainReadsAWholeText(b *testing.B) {
	text := specText(b)
	for len(text) < 1<<20 {
		text += text
	}
	for name, text := range map[string]string{"english": text, "chinese": strings.Repeat(chineseText, 1<<20/len(chineseText))} {
		b.Run(name, func(b *testing.B) {
			ask := "Question: How does a select statement choose when several communications can proceed?"
			if name == "chinese" {
				ask = "问题：大桥是什么时候开始建造的？"
			}
			r := Request{Messages: []Message{{Role: "user", Content: ask + "\n\nText:\n<text>\n" + text + "\n</text>\n"}}}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := LargeBrain(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
