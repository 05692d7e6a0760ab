package findings

import "regexp"

// ThoughtEnd matches what ends the thinking that some models write before their
// reply: a closing tag, whether or not there was an opening one, or the head of
// Harmony's final channel. What follows the last one is the reply.
var ThoughtEnd = regexp.MustCompile(`(?i)</(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)>|<\|channel\|>\s*final[^<]{0,16}(?:<\|constrain\|>[^<]{0,16})?<\|message\|>`)

// Reply returns what follows the thinking in a text: all of it where there is none.
func Reply(text string) string {
	if ends := ThoughtEnd.FindAllStringIndex(text, -1); ends != nil {
		text = text[ends[len(ends)-1][1]:]
	}
	return text
}
