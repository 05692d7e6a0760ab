package container

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	cue    = regexp.MustCompile(`(?m)^(?:[^\n]*\n)?(?:(\d+):)?(\d\d):(\d\d)[.,]\d{3}[ \t]+-->[ \t]+(?:(\d+):)?(\d\d):(\d\d)[.,]\d{3}[^\n]*\n((?:[^\n]*\S[^\n]*(?:\n|$))*)`)
	speech = regexp.MustCompile(`<v(?:\.[\w.]+)? ([^>]+)>`)
	styles = regexp.MustCompile(`</?[a-zA-Z][^>]*>|<\d\d:[\d:.]+>|\{\\[^}]*\}`)
)

const (
	longestPause = 4  // seconds between cues that belong together
	paragraph    = 30 // seconds after which the next sentence begins a paragraph
)

// Subtitles reads SubRip and WebVTT: what is said, in paragraphs that each begin
// with the time of their first cue.
func Subtitles(body string) (t Text, ok bool) {
	lines := strings.ReplaceAll(body, "\r\n", "\n")
	if !strings.HasPrefix(strings.TrimLeft(lines, "\ufeff"), "WEBVTT") && !firstCue.MatchString(strings.TrimLeft(lines, "\ufeff \n")) {
		return t, false
	}
	var out strings.Builder
	began, ended := 0, 0
	for i, m := range cue.FindAllStringSubmatch(lines, -1) {
		start, said := seconds(m[1:4]), strings.TrimSpace(styles.ReplaceAllString(speech.ReplaceAllString(m[7], "$1: "), ""))
		said = strings.ReplaceAll(strings.Join(strings.Fields(strings.ReplaceAll(said, "\n-", " \x00-")), " "), " \x00", "\n")
		if said == "" {
			continue
		}
		before := strings.TrimRight(out.String(), `"')»”`)
		closed := before == "" || strings.ContainsAny(before[len(before)-1:], ".!?:") || strings.HasSuffix(before, "。")
		switch {
		case i == 0 || start-ended > longestPause || closed && start-began > paragraph:
			began = start
			out.WriteString(strings.Repeat("\n", 2*min(i, 1)) + fmt.Sprintf("[%d:%02d:%02d] ", start/3600, start/60%60, start%60))
		case strings.HasPrefix(said, "-") || speech.MatchString(m[7]):
			out.WriteString("\n")
		default:
			out.WriteString(" ")
		}
		out.WriteString(said)
		ended = seconds(m[4:7])
	}
	t.Body = out.String() + "\n"
	t.Notes = []string{"subtitles converted to text: cues joined to paragraphs, of their times and styles only the time of each first was kept"}
	return t, out.Len() > 0
}

var firstCue = regexp.MustCompile(`^\d+[ \t]*\n(?:\d+:)?\d\d:\d\d[.,]\d{3}[ \t]+-->`)

func seconds(hms []string) (sum int) {
	for _, s := range hms {
		n, _ := strconv.Atoi(s)
		sum = 60*sum + n
	}
	return sum
}
