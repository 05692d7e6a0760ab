package chat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestPromptThatTheServerCutIsAFailure(t *testing.T) {
	english := strings.Repeat("The tenant pays the rent on the first day of each month. ", 1000) // 12 000 tokens
	chinese := strings.Repeat("租金每月一日支付，押金为两个月租金。", 1000)
	short := strings.Repeat("The tenant pays the rent. ", 100)
	for _, c := range []struct {
		name, text string
		counted    int
		cut        bool
	}{
		{"cut to 4096", english, 4096, true},
		{"read whole", english, 12_010, false},
		{"counted by a tokenizer that joins words", english, 9_500, false},
		{"Chinese cut to 2048", chinese, 2048, true},
		{"Chinese read whole", chinese, 11_000, false},
		{"no prompt to speak of", short, 500, false},
		{"a count of its own", english, 7, false},
		{"no count", english, 0, false},
	} {
		body := strings.Replace(okBody, `"prompt_tokens":12`, fmt.Sprintf(`"prompt_tokens":%d`, c.counted), 1)
		body = strings.Replace(body, `"total_tokens":15`, fmt.Sprintf(`"total_tokens":%d`, c.counted+3), 1)
		r := ask()
		r.Messages[1].Content = c.text
		reply, err := client(t, says(200, body)).Attempt(t.Context(), r)
		if !c.cut {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		e := callError(t, err, swarm.ClassTooLong)
		if !strings.Contains(e.Error(), fmt.Sprint(c.counted)) || reply.Usage.In == 0 {
			t.Errorf("%s: %v, usage %+v", c.name, e, reply.Usage)
		}
	}
}

func TestLeastTokensIsBelowARealCount(t *testing.T) {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"The tenant pays the rent on the first day of each month, or so they say.", "a b c d e f g 1 2 3", "租金每月一日支付，押金为两个月租金。",
		"Die Miete ist am ersten Tag fällig; Kündigungsfristverlängerung.", "ราคาเช่าเดือนละ", "家賃は毎月一日に支払う。", "임대료는 매월 1일에",
		"| a | 1 |\n|---|---|\n| b | 22 |", "func main() { fmt.Println(\"x\") }", "Арендатор платит первого числа", "يدفع المستأجر الإيجار",
		"किराया हर महीने", "https://example.com/a/b?c=d&e=f", "\n\n\n   \t", "😀 😀 🎉",
	} {
		ids, _, err := codec.Encode(strings.Repeat(text+" ", 20))
		if err != nil {
			t.Fatal(err)
		}
		r := model.Request{Messages: []model.Message{{Content: strings.Repeat(text+" ", 20)}}}
		if n := leastTokens(&r); n > len(ids) {
			t.Errorf("%q has %d tokens, want no more than %d", text, n, len(ids))
		}
	}
}
