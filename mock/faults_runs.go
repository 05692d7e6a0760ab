package mock

import (
	"strings"
	"time"
)

var faultsOfRuns = []Fault{
	{
		ID: "F35", Group: "F", Name: "the server works on after a cancel", Says: "a cancel is never free: booked by what may have come", Recovery: Unharmed, Charged: true,
		Watch: "Entry.Cancelled and Entry.Ended", how: asEver,
	},
	{
		ID: "F36", Group: "F", Name: "cut before the usage", Says: "all the text and no usage: charged by an estimate, marked as one", Recovery: Again, Class: "network", Charged: true,
		how: twist(func(w *wire, e string) {
			switch {
			case !w.streamed():
				head, _, _ := strings.Cut(e, `"usage":`)
				w.put(head)
			case !strings.Contains(e, `"finish_reason":"`):
				w.put(e)
				return
			}
			w.end(EndCut)
		}),
	},
	{
		ID: "F37", Group: "F", Name: "held for ever", Says: "a cancel reaches every wait: no goroutine stays", Recovery: Again, Class: "timeout", Charged: true,
		how: broken("", "", EndHold),
	},
	{ID: "F38", Group: "F", Name: "runs share state", Says: "nothing of a run stands in what others share", Client: true},

	{
		ID: "F39a", Group: "G", Name: "one task of many fails", Says: "the others' work is kept", Recovery: Again, Class: "server",
		how: openAI(500, "", "", "The server had an error while processing your request."),
	},
	{
		ID: "F39b", Group: "G", Name: "one task of many hangs", Says: "the others' work is kept", Recovery: Again, Class: "timeout",
		how: func(x *exchange) { x.raw = &Raw{End: EndHold, silent: true} },
	},
	{
		ID: "F40", Group: "G", Name: "slow siblings", Says: "a run ends when all that it started has ended", Recovery: Unharmed, Charged: true,
		how: later(20 * time.Second),
	},
	{
		ID: "F41", Group: "G", Name: "the first comes last", Says: "answers belong to their tasks, not to their order", Recovery: Unharmed, Charged: true,
		how: slow(func(x *exchange, p pace) pace {
			n := x.s.reverse.Add(1)
			p.first += max(0, 2*time.Second-time.Duration(n%200)*10*time.Millisecond)
			return p
		}),
	},
	{
		ID: "F42", Group: "G", Name: "mixed faults", Says: "any of several, drawn by the call", Recovery: Again,
		how: mixed("F39a", "F18d", "F03", "F18b", "F22a", "X11", "F23a"),
	},
	{ID: "F43", Group: "G", Name: "a pool waits for itself", Says: "who works in a pool does not wait for a place in it", Client: true},
	{
		ID: "F44", Group: "G", Name: "prompt too long", Says: "give it a threshold by FaultRule.Over, or Model.Context: less is sent, in parts", Recovery: Changed, Class: "context-too-long",
		how: openAI(400, "", "context_length_exceeded", "This model's maximum context length is 2000 tokens. However, your messages resulted in {tokens} tokens. Please reduce the length of the messages."),
	},
	{
		ID: "F45", Group: "G", Name: "done work done again after a restart", Says: "the process is killed and resumed: a body that was answered does not come again", Recovery: Unharmed, Charged: true,
		Watch: "Entry.Attempt", how: asEver,
	},
	{
		ID: "F46", Group: "G", Name: "very long answers", Says: "16 KiB of text more, where max_tokens lets it: bounded in memory", Recovery: Unharmed, Charged: true,
		how: say(func(x *exchange, r *Reply) bool {
			if x.entry.Request.JSON {
				r.Text += strings.Repeat(" ", 16<<10)
			} else {
				r.Text += strings.Repeat("\nAnd so on.", 16<<10/11)
			}
			return true
		}),
	},
	{
		ID: "F47", Group: "G", Name: "every attempt fails", Says: "no success with an empty result: partial is a status of its own", Recovery: Elsewhere, Class: "rate-limited",
		how: limited(),
	},
}

var faultsOfMoney = []Fault{
	{
		ID: "F54", Group: "I", Name: "cached tokens", Says: "prompt_tokens holds them: not charged twice", Recovery: Unharmed, Charged: true,
		how: say(func(x *exchange, r *Reply) bool {
			r.Cached = x.entry.Usage.In / 2
			return true
		}),
	},
	{
		ID: "F55", Group: "I", Name: "paid for nothing", Says: "no JSON, and usage: failed attempts cost too", Recovery: Changed, Charged: true,
		how: say(func(_ *exchange, r *Reply) bool {
			r.Text = "Sure! Here is what you asked for: {" + firstHalf(r.Text)
			return true
		}),
	},
	{
		ID: "F56", Group: "I", Name: "slow first attempt", Says: "twenty times as long: hedged, and the loser booked", Recovery: Unharmed, Charged: true,
		how: slow(func(_ *exchange, p pace) pace {
			if p.first <= 0 && p.perToken <= 0 {
				p.first = time.Second
			}
			return pace{p.first * 20, p.perToken * 20}
		}),
	},
	{
		ID: "F57", Group: "I", Name: "calls after the budget", Says: "stop, not alarm: no call leaves after it", Recovery: Unharmed, Charged: true,
		Watch: "Server.Bill", how: asEver,
	},

	{
		ID: "F58a", Group: "J", Name: "the key echoed", Says: "a 401 whose text holds the key: it is in no error and no log", Recovery: Elsewhere, Class: "auth",
		how: openAI(401, "", "invalid_api_key", "Incorrect API key provided: {key}. You can find your API key in your settings."),
	},
	{
		ID: "F58b", Group: "J", Name: "the key echoed by a 500", Says: "as its server saw it, header and all: the failure passes, and is told without it", Recovery: Again, Class: "server",
		how: jsonBody(500, `{"error":{"message":"upstream failed: Authorization: Bearer {key}","type":"{key}","param":"{key}","code":"{key}"}}`),
	},
	{
		ID: "F58c", Group: "J", Name: "the key echoed inside a 200", Says: "the same in an error of a stream, or of a reply of success", Recovery: Again, Class: "server", Charged: true,
		how: broken(`data: {"error":{"message":"upstream failed for key {key}","type":"server_error","param":null,"code":500}}`+"\n\n", `{"error":{"message":"upstream failed for key {key}","type":"server_error","param":null,"code":500}}`, EndClean),
	},
	{
		ID: "F59a", Group: "J", Name: "307 to another host", Says: "key and prompt stay here: no redirect is followed", Recovery: Elsewhere, Class: "not-found",
		how: sends(307, "", "", "Location", "http://elsewhere.invalid/v1/chat/completions"),
	},
	{
		ID: "F59b", Group: "J", Name: "302 to another host", Says: "not a success, not followed", Recovery: Elsewhere, Class: "not-found",
		how: sends(302, "", "", "Location", "http://elsewhere.invalid/login"),
	},
	{
		ID: "F59c", Group: "J", Name: "308 to another port", Says: "another port is another host", Recovery: Elsewhere, Class: "not-found",
		how: sends(308, "", "", "Location", "http://{host}:9/v1/chat/completions"),
	},
	{
		ID: "F59d", Group: "J", Name: "300 with an answer in it", Says: "not a success: client libraries take 3xx with JSON for one", Recovery: Elsewhere, Class: "not-found",
		how: jsonBody(300, wholeHead+`"choices":[{"index":0,"message":{"role":"assistant","content":"Forged."},"finish_reason":"stop"}]}`),
	},
}
