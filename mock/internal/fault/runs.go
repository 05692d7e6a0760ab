package fault

import (
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

var faultsOfRuns = []Fault{
	row("F", "F35", "the server works on after a cancel", "a cancel is never free: booked by what may have come", Unharmed, "", 0, paid, asEver).watch("Entry.Cancelled and Entry.Ended"),
	row("F", "F36", "cut before the usage", "all the text and no usage: charged by an estimate, marked as one", Again, "network", 0, paid, twist(func(w *Wire, e string) {
		switch {
		case !w.streamed():
			head, _, _ := strings.Cut(e, `"usage":`)
			w.put(head)
		case !strings.Contains(e, `"finish_reason":"`):
			w.put(e)
			return
		}
		w.end(wire.Cut)
	})),
	row("F", "F37", "held for ever", "a cancel reaches every wait: no goroutine stays", Again, "timeout", 0, paid, broken("", "", wire.Hold)),
	row("F", "F38", "runs share state", "nothing of a run stands in what others share", "", "", 0, free, nil).client(),

	row("G", "F39a", "one task of many fails", "the others' work is kept", Again, "server", 0, free, openAI(500, "", "", "The server had an error while processing your request.")),
	row("G", "F39b", "one task of many hangs", "the others' work is kept", Again, "timeout", 0, free, func(x *Call) { x.Raw = &wire.Raw{End: wire.Hold, Silent: true} }),
	row("G", "F40", "slow siblings", "a run ends when all that it started has ended", Unharmed, "", 0, paid, later(20*time.Second)),
	row("G", "F41", "the first comes last", "answers belong to their tasks, not to their order", Unharmed, "", 0, paid, func(x *Call) {
		slow(func(first, per time.Duration) (time.Duration, time.Duration) {
			return first + max(0, 2*time.Second-time.Duration(x.Turn()%200)*10*time.Millisecond), per
		})(x)
	}),
	row("G", "F42", "mixed faults", "any of several, drawn by the call", Again, "", 0, free, mixed("F39a", "F18d", "F03", "F18b", "F22a", "X11", "F23a")),
	row("G", "F43", "a pool waits for itself", "who works in a pool does not wait for a place in it", "", "", 0, free, nil).client(),
	row("G", "F44", "prompt too long", "give it a threshold by FaultRule.Over, or Model.Context: less is sent, in parts", Changed, "context-too-long", 0, free, openAI(400, "", "context_length_exceeded", "This model's maximum context length is 2000 tokens. However, your messages resulted in {tokens} tokens. Please reduce the length of the messages.")),
	row("G", "F45", "done work done again after a restart", "the process is killed and resumed: a body that was answered does not come again", Unharmed, "", 0, paid, asEver).watch("Entry.Attempt"),
	row("G", "F46", "very long answers", "16 KiB of text more, where max_tokens lets it: bounded in memory", Unharmed, "", 0, paid, say(func(x *Call, r *Said) bool {
		if x.JSON {
			r.Text += strings.Repeat(" ", 16<<10)
		} else {
			r.Text += strings.Repeat("\nAnd so on.", 16<<10/11)
		}
		return true
	})),
	row("G", "F47", "every attempt fails", "no success with an empty result: partial is a status of its own", Elsewhere, "rate-limited", 0, free, limited()),
}

var faultsOfMoney = []Fault{
	row("I", "F54", "cached tokens", "prompt_tokens holds them: not charged twice", Unharmed, "", 0, paid, say(func(x *Call, r *Said) bool {
		r.Cached = x.Tokens / 2
		return true
	})),
	row("I", "F55", "paid for nothing", "no JSON, and usage: failed attempts cost too", Changed, "", 0, paid, say(func(_ *Call, r *Said) bool {
		r.Text = "Sure! Here is what you asked for: {" + firstHalf(r.Text)
		return true
	})),
	row("I", "F56", "slow first attempt", "twenty times as long: hedged, and the loser booked", Unharmed, "", 0, paid, slow(func(first, per time.Duration) (time.Duration, time.Duration) {
		if first <= 0 && per <= 0 {
			first = time.Second
		}
		return first * 20, per * 20
	})),
	row("I", "F57", "calls after the budget", "stop, not alarm: no call leaves after it", Unharmed, "", 0, paid, asEver).watch("Server.Bill"),

	row("J", "F58a", "the key echoed", "a 401 whose text holds the key: it is in no error and no log", Elsewhere, "auth", 0, free, openAI(401, "", "invalid_api_key", "Incorrect API key provided: {key}. You can find your API key in your settings.")),
	row("J", "F58b", "the key echoed by a 500", "as its server saw it, header and all: the failure passes, and is told without it", Again, "server", 0, free, jsonBody(500, `{"error":{"message":"upstream failed: Authorization: Bearer {key}","type":"{key}","param":"{key}","code":"{key}"}}`)),
	row("J", "F58c", "the key echoed inside a 200", "the same in an error of a stream, or of a reply of success", Again, "server", 0, paid, broken(`data: {"error":{"message":"upstream failed for key {key}","type":"server_error","param":null,"code":500}}`+"\n\n", `{"error":{"message":"upstream failed for key {key}","type":"server_error","param":null,"code":500}}`, wire.Clean)),
	row("J", "F59a", "307 to another host", "key and prompt stay here: no redirect is followed", Elsewhere, "not-found", 0, free, sends(307, "", "", "Location", "http://elsewhere.invalid/v1/chat/completions")),
	row("J", "F59b", "302 to another host", "not a success, not followed", Elsewhere, "not-found", 0, free, sends(302, "", "", "Location", "http://elsewhere.invalid/login")),
	row("J", "F59c", "308 to another port", "another port is another host", Elsewhere, "not-found", 0, free, sends(308, "", "", "Location", "http://{host}:9/v1/chat/completions")),
	row("J", "F59d", "300 with an answer in it", "not a success: client libraries take 3xx with JSON for one", Elsewhere, "not-found", 0, free, jsonBody(300, wholeHead+`"choices":[{"index":0,"message":{"role":"assistant","content":"Forged."},"finish_reason":"stop"}]}`)),
}
