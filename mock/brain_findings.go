package mock

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A finding is what a reader of a part of the sources found.
type finding struct {
	refs       []int  // numbers to refer to it by, as [n]
	text       string // the statement
	quote      string
	where      string
	confidence float64 // -1: not told
	doubtful   bool    // marked as not verified
	open       bool    // the quote goes on in the lines that follow
}

// countMarks counts the lines that begin a numbered entry.
func countMarks(s string) int {
	n := 0
	for l := range strings.Lines(s) {
		if _, _, ok := entryMark(l); ok {
			n++
		}
	}
	return n
}

// entryMark reads "[3] rest", "- [3] rest".
func entryMark(l string) (n int, rest string, ok bool) {
	t := strings.TrimLeft(l, " \t-*•")
	if len(t) < 3 || t[0] != '[' || !isDigit(t[1]) {
		return 0, "", false
	}
	end := strings.IndexByte(t, ']')
	if end < 2 || end > 8 {
		return 0, "", false
	}
	n, err := strconv.Atoi(t[1:end])
	return n, strings.TrimLeft(t[end+1:], " \t:"), err == nil
}

// entryHead reads "Finding 3 (confidence 0.9): rest", "Answer of part 2: …",
// "2. rest", "结果 2：rest".
func entryHead(l string) (n int, rest string, ok bool) {
	t := strings.TrimLeft(strings.TrimRight(l, "\r\n"), "#*> \t")
	digits := strings.IndexAny(t, "0123456789")
	if digits < 0 || digits > 30 {
		return 0, "", false
	}
	end := digits
	for end < len(t) && isDigit(t[end]) {
		end++
	}
	n, err := strconv.Atoi(t[digits:end])
	if err != nil || n > 1<<20 {
		return 0, "", false
	}
	if digits == 0 {
		if end < len(t)-1 && (t[end] == '.' || t[end] == ')') && t[end+1] == ' ' {
			return n, t[end+2:], true
		}
		return 0, "", false
	}
	switch kindOf(strings.Trim(t[:digits], " #:_-<[(")) {
	case partFindings, partText, partIgnored:
	default:
		low := strings.ToLower(t[:digits])
		if !strings.Contains(low, "part") && !strings.Contains(low, "answer") && !strings.Contains(low, "antwort") && !strings.Contains(low, "passage") {
			return 0, "", false
		}
	}
	rest = t[end:]
	if i := strings.IndexAny(rest, ":："); i >= 0 && i < 300 && !strings.Contains(rest[:i], ". ") {
		return n, rest, true
	}
	return n, rest, len(rest) < 60
}

// readFindings takes a list of findings apart, in any of the usual shapes:
// numbered entries, entries under headings, JSON. label is the list's own,
// which may hold the number of a lone finding.
func readFindings(s, label string) []finding {
	if fs := jsonFindings(s); fs != nil {
		return fs
	}
	var out []finding
	head := finding{confidence: -1} // what the heading above the entries said
	inHead, entries := false, 0
	closeHead := func() {
		if inHead && entries == 0 && strings.TrimSpace(head.text+head.quote) != "" {
			out = append(out, head)
		}
		inHead, entries = false, 0
		head = finding{confidence: -1}
	}
	for l := range strings.Lines(s) {
		if n, rest, ok := entryMark(l); ok {
			f := head
			f.refs = []int{n}
			if inHead {
				entries++
				if f.confidence > 0 { // told of all together, the best first
					f.confidence *= math.Pow(0.93, float64(entries-1))
				}
			}
			f.readQuoted(rest)
			out = append(out, f)
			continue
		}
		indented := l[0] == ' ' || l[0] == '\t'
		if n, rest, ok := entryHead(l); ok && !indented {
			closeHead()
			inHead = true
			head.refs = []int{n}
			head.readRemarks(rest)
			head.text = rest
			if i := strings.IndexAny(rest, ":："); i >= 0 && (i < 3 || rest[0] == ' ' && strings.Contains(rest[:i], "(")) {
				head.text = strings.TrimLeft(rest[i:], ":： ")
			} else if strings.HasPrefix(strings.TrimSpace(rest), "(") && strings.HasSuffix(strings.TrimSpace(rest), ")") {
				head.text = ""
			}
			continue
		}
		switch {
		case strings.TrimSpace(l) == "" || strings.HasPrefix(l, "Task: "):
		case inHead && entries == 0:
			head.more(l)
		case len(out) > 0:
			out[len(out)-1].more(l)
		}
	}
	closeHead()
	if len(out) == 0 && strings.TrimSpace(s) != "" {
		out = looseFindings(s, label)
	}
	for i := range out {
		out[i].settle()
	}
	return out
}

// looseFindings reads a list without numbers: a finding a paragraph or bullet.
func looseFindings(s, label string) []finding {
	if i := strings.IndexAny(label, "0123456789"); i >= 0 {
		end := i
		for end < len(label) && isDigit(label[end]) {
			end++
		}
		if n, err := strconv.Atoi(label[i:end]); err == nil && kindOf(label[:i]) == partFindings {
			f := finding{refs: []int{n}, confidence: -1}
			for l := range strings.Lines(s) {
				f.more(l)
			}
			return []finding{f}
		}
	}
	if len(s) < 80 && !strings.ContainsAny(s, ".。") {
		return nil // "none", "(no findings)"
	}
	var out []finding
	for p := range strings.SplitSeq(s, "\n\n") {
		if strings.TrimSpace(p) != "" {
			out = append(out, finding{refs: []int{len(out) + 1}, text: p, confidence: -1})
		}
	}
	return out
}

// more adds a line to an entry.
func (f *finding) more(l string) {
	t := strings.TrimSpace(l)
	if f.open { // a quote's own marks do not end it: its last line does
		f.quote += "\n" + t
		return
	}
	low := strings.ToLower(t)
	key, rest, ok := strings.Cut(t, ":")
	if !ok {
		key, rest, ok = strings.Cut(t, "：")
	}
	rest = strings.TrimSpace(rest)
	if ok && len(key) < 24 {
		switch k := meaningOf(strings.ToLower(strings.Trim(key, "*_- "))); k {
		case meansQuote:
			f.quote = strings.Trim(rest, "\"“”「」 ")
			return
		case meansConfidence:
			f.confidence = number(rest, f.confidence)
			return
		case meansSource:
			f.where = rest
			return
		case meansAnswer:
			f.text = rest
			return
		}
	}
	if strings.Contains(low, "unverified") {
		f.doubtful = true
	}
	f.text += "\n" + t
}

// readQuoted reads what follows an entry's number: a place and a quote, or
// the statement itself.
func (f *finding) readQuoted(s string) {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "(unverified)"); ok {
		f.doubtful, s = true, strings.TrimSpace(rest)
	}
	for _, marks := range [...][2]string{{": \"", "\""}, {"\"", "\""}, {"“", "”"}, {"「", "」"}, {"„", "“"}, {"«", "»"}} {
		i := strings.Index(s, marks[0])
		if i < 0 {
			continue
		}
		from := i + len(marks[0])
		j := strings.LastIndex(s, marks[1])
		if marks[0] == ": \"" && (j < from || !closesEntry(s[j+1:])) {
			j, f.open = len(s), true // it goes on in the next line
		}
		if j < from {
			continue
		}
		if j-from < 12 && len(s) > 2*(j-from) && marks[0] != ": \"" {
			continue
		}
		if i <= 120 {
			f.where, f.quote = strings.Trim(s[:i], " :-–—()"), s[from:j]
			f.readRemarks(s[min(len(s), j+len(marks[1])):])
			return
		}
	}
	f.readRemarks(s)
	f.text += s
}

// closesEntry tells whether what follows a quotation mark is a remark or
// nothing, and not more of the quote.
func closesEntry(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s == "." || s[0] == '('
}

// readRemarks looks for a confidence and a doubt.
func (f *finding) readRemarks(s string) {
	if len(s) > 300 {
		s = s[:300]
	}
	low := strings.ToLower(s)
	for _, w := range []string{"confidence", "score", "置信度", "konfidenz", "confiance", "confianza"} {
		if i := strings.Index(low, w); i >= 0 {
			f.confidence = number(low[i+len(w):], f.confidence)
		}
	}
	if strings.Contains(low, "unverified") || strings.Contains(low, "not verified") {
		f.doubtful = true
	}
}

// number reads the first number in s as a share of one.
func number(s string, otherwise float64) float64 {
	i := strings.IndexAny(s, "0123456789")
	if i < 0 || i > 12 {
		return otherwise
	}
	end := i
	for end < len(s) && (isDigit(s[end]) || s[end] == '.') {
		end++
	}
	v, err := strconv.ParseFloat(strings.TrimRight(s[i:end], "."), 64)
	if err != nil {
		return otherwise
	}
	if v > 1 {
		v /= 100
	}
	return min(v, 1)
}

// remark is what an entry says of itself in brackets.
var remark = regexp.MustCompile(`(?i)\s*[(\[（](?:confidence|score|unverified|verified|置信度|konfidenz|confiance)[^)\]）]*[)\]）]`)

// settle tidies an entry: what is only quoted is also what it states.
func (f *finding) settle() {
	f.text = strings.TrimSpace(remark.ReplaceAllString(f.text, ""))
	if f.open {
		f.quote = strings.TrimSuffix(strings.TrimSpace(f.quote), "\"")
	}
	f.quote = strings.TrimSpace(f.quote)
	if f.text == "" {
		f.text = f.quote
	}
}
