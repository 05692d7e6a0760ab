package container

import (
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/swarm/source/internal/page"
)

var (
	submission = regexp.MustCompile(`^\s*(?:-----BEGIN PRIVACY|<(?:SEC|IMS)-DOCUMENT>|<SUBMISSION>|<DOCUMENT>\s*<TYPE>)`)
	document   = regexp.MustCompile(`(?s)<DOCUMENT>(.*?)(?:</DOCUMENT>|$)`)
	tagged     = regexp.MustCompile(`(?m)^<(TYPE|FILENAME|DESCRIPTION)>(.*?)\r?$`)
	isPage     = regexp.MustCompile(`(?i)<html|<body|<div|<p>|<p |<font|<!doctype html`)
	isData     = regexp.MustCompile(`(?i)^(?:GRAPHIC|ZIP|EXCEL|PDF|XML|JSON|EX-10[0-9]\..*)$`)
	isBinary   = regexp.MustCompile(`^\s*(?:begin 6|<PDF>)`)
	layout     = regexp.MustCompile(`(?m)^<(?:PAGE|TABLE|/TABLE|CAPTION|S|C|FN|/FN)>|<(?:S|C|CAPTION)>`)
	wrapper    = regexp.MustCompile(`(?m)^</?(?:SEC|IMS)-(?:DOCUMENT|HEADER)>[^\n]*\n?|^<ACCEPTANCE-DATETIME>`)
)

// Filing reads a submission to EDGAR: its header and its documents, each under
// a heading. Pictures and data are named.
func Filing(body string) (t Text, ok bool) {
	if !submission.MatchString(body[:min(len(body), 4096)]) || !strings.Contains(body, "<TYPE>") {
		return t, false
	}
	var out strings.Builder
	var left []string
	at := 0
	for _, m := range document.FindAllStringSubmatchIndex(body, -1) {
		out.WriteString(wrapper.ReplaceAllString(body[at:m[0]], ""))
		at = m[1]
		head, text, _ := strings.Cut(body[m[2]:m[3]], "<TEXT>")
		text, _, _ = strings.Cut(text, "</TEXT>")
		tags := map[string]string{}
		for _, tag := range tagged.FindAllStringSubmatch(head, -1) {
			tags[tag[1]] = tag[2]
		}
		name := strings.Join(strings.Fields(tags["TYPE"]+" "+tags["DESCRIPTION"]+" "+tags["FILENAME"]), " ")
		if isData.MatchString(strings.TrimSpace(tags["TYPE"])) || isBinary.MatchString(text) {
			left = append(left, name)
			continue
		}
		if isPage.MatchString(text) {
			var notes []string
			text, notes = page.Text(text)
			t.Notes = append(t.Notes, notes...)
		} else {
			text = layout.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat(" ", len(s)) })
		}
		out.WriteString("\n\n# " + name + "\n\n" + strings.Trim(text, "\r\n") + "\n\n")
	}
	out.WriteString(wrapper.ReplaceAllString(body[at:], ""))
	t.Body = strings.TrimSpace(out.String()) + "\n"
	t.Notes = append(t.Notes, "filing converted to text: offsets point into the converted text")
	t.leftOut("documents of data and pictures", left)
	return t, true
}
