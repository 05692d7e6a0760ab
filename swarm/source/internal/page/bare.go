package page

import (
	"regexp"

	"golang.org/x/net/html"
)

var (
	unread = regexp.MustCompile(`(?is)<script\b.*?</script\s*>|<style\b.*?</style\s*>|<[!/a-z][^>]*>`)
	breaks = regexp.MustCompile(`\s*\n\s*`)
)

// bareText is the text of a page without its layout: each tag ends a line.
func bareText(page string) string {
	return breaks.ReplaceAllString(html.UnescapeString(unread.ReplaceAllString(page, "\n")), "\n")
}
