package mock

import (
	"regexp"
	"strings"
	"unicode"
)

// labelWords are words by which people announce the parts of a prompt.
var labelWords = []struct {
	kind  partKind
	words []string
}{
	{partIgnored, []string{"format", "schema", "example", "rules", "rule", "output", "respond", "response", "answer in", "reply", "格式", "示例", "规则", "要求", "beispiel", "exemple", "ejemplo", "plan"}},
	{partFeedback, []string{"feedback", "wrong", "problem", "problems", "correction", "previous answer", "earlier answer", "your answer", "your last answer", "earlier reply", "rejected", "not right", "反馈", "错误", "rückmeldung"}},
	{partFindings, []string{"finding", "findings", "result", "results", "evidence", "notes", "answers", "partial answers", "snippets", "quotes", "outputs", "reports", "发现", "结果", "证据", "摘录", "答案", "ergebnis", "ergebnisse", "fund", "funde", "befunde", "résultats", "resultados", "hallazgos", "extracts", "partial"}},
	{partOutline, []string{"outline", "outlines", "contents", "table of contents", "toc", "headings", "sources", "documents", "structure", "available", "目录", "大纲", "提纲", "gliederung", "inhaltsverzeichnis", "quellen", "sommaire", "índice", "esquema"}},
	{partQuestion, []string{"question", "query", "q", "ask", "问题", "问", "提问", "frage", "pregunta", "domanda", "pergunta", "質問", "вопрос", "vraag", "user question"}},
	{partGoal, []string{"goal", "task", "objective", "instruction", "instructions", "request", "subtask", "step", "do", "looking for", "what to find", "任务", "目标", "指令", "指示", "aufgabe", "anweisung", "ziel", "auftrag", "tâche", "consigne", "objectif", "tarea", "instrucción", "objetivo"}},
	{partText, []string{"text", "document", "passage", "context", "chunk", "excerpt", "content", "article", "data", "material", "input", "item", "page", "transcript", "doc", "文本", "原文", "材料", "文章", "资料", "段落", "内容", "正文", "dokument", "auszug", "abschnittstext", "texte", "extrait", "document à", "texto", "fragmento", "documento", "テキスト", "文書", "本文"}},
	{partPath, []string{"path", "section", "under", "heading", "located", "location", "breadcrumb", "source", "title", "file", "from", "place", "chapter", "where", "章节", "标题", "来源", "出处", "abschnitt", "quelle", "titre", "sección", "fuente"}},
}

// givenNames are what a label calls things by: file names, and what stands in
// quotation marks. A file may be called notes.txt or example.md.
var givenNames = regexp.MustCompile(`(^|[\s=(])(?:'[^'\n]+'|"[^"\n]+"|` + "`[^`\n]+`" + `|“[^”\n]+”|[^\s"'“”<>|,;()\[\]:：]+\.[A-Za-z][A-Za-z0-9]{0,5}\b)`)

var namesFile = regexp.MustCompile(`^[^'"]+\.[A-Za-z][A-Za-z0-9]{0,5}$`)

// kindOf reads a label such as "Question", "The user's question" or "原文".
// Words later in the list are less telling.
func kindOf(label string) partKind {
	label = givenNames.ReplaceAllString(label, "$1")
	low := strings.ToLower(strings.Trim(label, " \t#*_=-<>[]/:：`~\""))
	if low == "" {
		return partOther
	}
	words := strings.FieldsFunc(low, func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 || len(words) > 9 {
		return partOther
	}
	best := partOther
	at := -1
	for _, lw := range labelWords {
		for _, w := range lw.words {
			k := -1
			if w[0] >= 0x80 {
				if i := strings.Index(low, w); i >= 0 {
					k = i
				}
			} else if strings.Contains(w, " ") {
				if strings.Contains(low, w) {
					k = len(low)
				}
			} else {
				for i, x := range words {
					if x == w {
						k = i
					}
				}
			}
			// The last telling word names the thing: "answers of the question" are
			// rare, "text of the document" and "user question" are not.
			if k >= 0 && at < 0 {
				best, at = lw.kind, k
			}
		}
	}
	return best
}

// labelled reads a line "Label: rest", "## Label", "[Label]" or "=== Label ===".
func labelled(l string) (kind partKind, rest string, ok bool) {
	t := strings.TrimSpace(l)
	if t == "" || t[0] == '"' || strings.HasPrefix(t, "- \"") || strings.HasPrefix(t, "- `") {
		return 0, "", false // speaks of a field
	}
	trimmed := strings.TrimLeft(t, "#*_=-[<> \t")
	mark := len(trimmed) < len(t)
	i := strings.IndexAny(trimmed, ":：\n")
	label := trimmed
	if i >= 0 && i <= 60 {
		label = trimmed[:i]
		rest = strings.TrimLeft(trimmed[i:], ":： *_")
	} else if !mark || len(trimmed) > 60 || strings.HasPrefix(t, "- ") || strings.HasPrefix(t, "* ") {
		return 0, "", false
	}
	if n := strings.Count(strings.TrimSpace(label), " "); n > 6 || rest != "" && n > 3 {
		return 0, "", false // a sentence with a colon in it
	}
	kind = kindOf(label)
	return kind, strings.TrimSpace(rest), kind != partOther
}

var htmlTags = wordSet("p div span a b i em strong table tr td th tbody thead ul ol li h1 h2 h3 h4 h5 h6 br hr pre code html body head img sup sub dl dt dd blockquote script style meta link u s")

// cutParts cuts a message at its fences and labels.
func cutParts(s string) []part {
	c := cutter{s: s}
	for c.at < len(s) {
		l, next := line(s, c.at)
		t := strings.TrimSpace(l)
		if text, label, after, ok := c.tagged(t, next); ok {
			c.fence(text, label, after)
			continue
		}
		if text, label, after, ok := c.ruled(t, next); ok {
			c.fence(text, label, after)
			continue
		}
		if kind, _, ok := labelled(l); ok && kind == partFindings {
			if _, _, numbered := entryHead(l); numbered { // an entry and not a label
				if c.kind != partFindings {
					c.flush()
					c.kind = partFindings
				}
				c.open.WriteString(s[c.at:next])
				c.at = next
				continue
			}
		}
		if kind, rest, ok := labelled(l); ok && !(c.kind == partOutline && kind == partPath) && !(c.kind == partText && c.questionKnown() && kind != partFindings) {
			c.flush()
			c.kind, c.label = kind, t
			if rest == "" {
				c.label = strings.Trim(t, "#*=- []:：")
			}
			c.open.WriteString(rest)
			c.open.WriteByte('\n')
			c.at = next
			continue
		}
		if t == "" && c.kind != partText && c.kind != partOutline && c.kind != partFindings && c.kind != partFeedback {
			if strings.TrimSpace(c.open.String()) != "" {
				c.flush()
			}
			c.at = next
			continue
		}
		if t != "" {
			c.sticky = partOther
		}
		c.open.WriteString(s[c.at:next])
		c.at = next
	}
	c.flush()
	return c.parts
}

type cutter struct {
	s      string
	at     int
	parts  []part
	open   strings.Builder // the part being read
	kind   partKind
	label  string
	sticky partKind // of the fence just above
}

// speaksOfPast tells whether a line announces what was done before.
func speaksOfPast(l string) bool {
	return hasAny(strings.ToLower(l), []string{"carried out", "already", "known so far", "so far", "lacked", "earlier round", "earlier step", "previous round", "previous step", "已完成", "已执行", "已知", "bisher"})
}

func (c *cutter) questionKnown() bool {
	for _, p := range c.parts {
		if p.kind == partQuestion || p.kind == partGoal {
			return true
		}
	}
	return false
}

func (c *cutter) flush() {
	if t := c.open.String(); strings.TrimSpace(t) != "" {
		c.parts = append(c.parts, part{kind: c.kind, label: c.label, text: t})
	}
	c.open.Reset()
	c.kind, c.label = partOther, ""
}

// fence adds a fenced part. What it is, its own label says, or the line above.
func (c *cutter) fence(text, label string, after int) {
	kind := kindOf(label)
	above := strings.TrimSpace(c.open.String())
	if above == "" && c.kind != partOther {
		above = c.label
	}
	if i := strings.LastIndexByte(above, '\n'); i >= 0 {
		above = strings.TrimSpace(above[i:])
	}
	if kind == partOther || kind == partText || kind == partPath {
		if k, _, ok := labelled(above); ok {
			kind = k
		} else if c.kind != partOther && strings.TrimSpace(c.open.String()) == "" {
			kind = c.kind
		} else if kind == partPath {
			kind = partText
		}
	}
	if kind == partPath && len(text) > 300 {
		kind = partText
	}
	// Fences in a row are of one kind, if the first was told.
	if own := kindOf(label); above == "" && c.sticky != partOther && (own == partOther || own == partText || own == partPath || own == partGoal) {
		kind = c.sticky
	}
	if speaksOfPast(above) {
		kind = partKnown
	}
	c.sticky = kind
	c.flush()
	c.parts = append(c.parts, part{kind: kind, label: label, text: text, fenced: true})
	c.at = after
}

// tagged reads <name …>text</name>, from the line t that begins at c.at.
func (c *cutter) tagged(t string, next int) (text, label string, after int, ok bool) {
	if len(t) < 3 || t[0] != '<' || t[1] == '/' || t[1] == '!' {
		return
	}
	end := strings.IndexByte(t, '>')
	if end < 2 {
		return
	}
	name, attrs, _ := strings.Cut(t[1:end], " ")
	if htmlTags[strings.ToLower(name)] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:") != "" && name[0] < 0x80 {
		return
	}
	from := c.at + strings.IndexByte(c.s[c.at:], '>') + 1
	n := strings.Index(c.s[from:], "</"+name+">")
	if n < 0 {
		return
	}
	after = from + n + len(name) + 3
	if after < len(c.s) && c.s[after] == '\n' {
		after++
	}
	text = strings.TrimPrefix(c.s[from:from+n], "\n")
	return text, tagLabel(name, attrs), after, true
}

// tagLabel makes a label of a tag's name and the values of its attributes.
func tagLabel(name, attrs string) string {
	label := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return ' '
		}
		return r
	}, name)
	if word, _, _ := strings.Cut(label, " "); word == "data" {
		label = ""
	}
	for attrs != "" {
		_, rest, found := strings.Cut(attrs, "=\"")
		if !found {
			break
		}
		v, after, _ := strings.Cut(rest, "\"")
		if namesFile.MatchString(v) {
			v = "'" + v + "'"
		}
		label += " " + v
		attrs = after
	}
	return strings.TrimSpace(label)
}

// ruled reads a text between two lines such as ``` or --- or """, or between
// BEGIN and END.
func (c *cutter) ruled(t string, next int) (text, label string, after int, ok bool) {
	mark, label := ruleOf(t)
	if mark == "" {
		return
	}
	fence := mark[0] == '`' || mark[0] == '~'
	end, last, depth := -1, -1, 0
	for i := next; i < len(c.s); {
		l, n := line(c.s, i)
		l = strings.TrimSpace(l)
		switch {
		case l == mark && depth > 0:
			depth--
		case l == mark || mark == "<<<" && l == ">>>" || endsBlock(mark, l):
			if end < 0 {
				end = i
			}
			last = n
			if fence || mark == "<<<" || strings.HasPrefix(mark, "BEGIN") {
				return c.s[next:end], label, last, true
			}
			end = i
		case fence && strings.HasPrefix(l, mark) && len(l) > len(mark) && l[len(mark)] != mark[0]:
			depth++
		}
		i = n
	}
	if end < 0 {
		return
	}
	return c.s[next:end], label, last, true
}

// ruleOf returns the mark that a line opens a text with, and the words on it.
func ruleOf(t string) (mark, label string) {
	if len(t) < 3 {
		return "", ""
	}
	if strings.HasPrefix(t, "<<<") {
		return "<<<", strings.Trim(t, "< ")
	}
	if u := strings.ToUpper(strings.Trim(t, "-=*#[] ")); strings.HasPrefix(u, "BEGIN") && len(u) < 60 {
		return "BEGIN" + strings.TrimPrefix(u, "BEGIN"), strings.ToLower(strings.TrimPrefix(u, "BEGIN"))
	}
	switch c := t[0]; c {
	case '`', '~':
		n := len(t) - len(strings.TrimLeft(t, string(rune(c))))
		if n < 3 || strings.ContainsRune(t[n:], rune(c)) {
			return "", ""
		}
		return t[:n], strings.TrimSpace(t[n:])
	case '-', '=', '*', '#', '_', '+', '"', '\'':
		if strings.Trim(t, string(rune(c))) == "" {
			return t, ""
		}
	}
	return "", ""
}

func endsBlock(mark, l string) bool {
	rest, ok := strings.CutPrefix(mark, "BEGIN")
	return ok && strings.ToUpper(strings.Trim(l, "-=*#[] ")) == "END"+rest
}
