package source_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/source"
)

func TestHTMLBecomesReadableText(t *testing.T) {
	for _, c := range []struct{ name, page, want string }{
		{"headings and paragraphs", "<h1>A <i>b</i></h1><p>one\n two<p>three<h2>C</h2>d", "# A b\n\none two\n\nthree\n\n## C\n\nd"},
		{"title without heading", "<head><title>My\n page</title></head><p>x", "# My page\n\nx"},
		{"title beside heading", "<title>T</title><h1>A</h1>x", "# A\n\nx"},
		{"table", "<table><caption>Cap<tr><th>a<th>b<tr><td>1</td><td></td><td><p>3</p><br>4</td></tr><tr><td><td>2</table>after", "Cap\na | b\n1 | | 3 4\n| 2\n\nafter"},
		{"layout table", "<table><tr><td><h2>A</h2><p>one<p>two</td><td>three</table>", "## A\n\none\n\ntwo\n\nthree"},
		{"lists", "<ul><li>a<li>b<ol><li>c</li><li>d</li></ol></ul>e", "- a\n- b\n  1. c\n  2. d\n\ne"},
		{"preformatted", "x<pre>\n  a &lt; b\n\tc</pre>y", "x\n\n```\n  a < b\n\tc\n```\n\ny"},
		{"preformatted with a fence", "<pre>```\nx</pre>", "````\n```\nx\n````"},
		{"preformatted in a cell", "<table><tr><td><pre>a\nb</pre><td>c</table>", "a b | c"},
		{"scripts", "a<script>if (x < 1) {}</script><style>p{}</style>b<noscript>c</noscript>", "ab"},
		{"hidden", "<p>a<p><span hidden>x</span>b<div style='display: none'><p>c<div>d</div></div><nav><ul><li>e</ul></nav>f", "a\n\nb\n\nf"},
		{"hidden within what is hidden and never closed", "<div hidden>a<nav>b</nav><svg></svg><template>c</template>d", "a\n\nb\n\nd"},
		{"hidden in a hidden element of its kind", "a<div hidden>b<div hidden>c</div>d</div>e", "a\n\ne"},
		{"hidden paragraph without end", "<div><p hidden>a</div>b<p hidden>c<p>d<p hidden>e<ul><li>f</ul>", "b\n\nd\n\n- f"},
		{"hidden and never closed stays", "<nav><p>a<p>b", "a\n\nb"},
		{"hidden rows keep the table", "<table><tr><td>a<tr><td hidden>x</td><td>b</table>", "a\n| b"},
		{"hidden in a table", "<table><tr hidden><td>x<tr><td>a<td><span style='display:none'>00</span>1<tbody style=display:none><tr><td>y</table>", "a | 1"},
		{"heading never closed", "<h2>A<p>text<ul><li>b</ul>", "## A\n\ntext\n\n- b"},
		{"empty elements", "<h2></h2><ul><li></li></ul><p></p><table><tr></table>x", "x"},
		{"entities and spaces", "a&nbsp;&eacute;&#x4f60;b&shy;c <b>d</b>e", "a é你bc de"},
		{"definitions", "<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a: b\nc: d"},
		{"numbers of items", "<ol start=3><li>a<li>b<li value=9>c<li>d</ol><ol start=x><li>e</ol>", "3. a\n4. b\n9. c\n10. d\n\n1. e"},
		{"details", "<details><summary>a</summary>b</details><fieldset><legend>c</legend>d</fieldset>", "a\nb\n\nc\nd"},
		{"breaks", "a<br>b<hr>c", "a\nb\n\nc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := source.Decode("p.html", []byte(c.page))
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSuffix(got.Body, "\n") != c.want {
				t.Errorf("got\n%s\nwant\n%s", got.Body, c.want)
			}
		})
	}
}

func TestHTMLBearsWhatIsBroken(t *testing.T) {
	for name, page := range map[string]string{
		"deep":       strings.Repeat("<div>", 200_000) + "needle",
		"deep lists": strings.Repeat("<ul><li>", 100_000) + "needle",
		"deep table": strings.Repeat("<table><tr><td>", 100_000) + "needle",
		"open tags":  strings.Repeat("<b", 10_000) + "> needle",
		"stray ends": strings.Repeat("</div></table></ul></pre></h1>", 50_000) + "needle",
		"open table": "<table><tr><td>" + strings.Repeat("word ", 1000) + "<p>x<p>needle",
		"attributes": "<p " + strings.Repeat("a=b ", 100_000) + ">needle",
	} {
		got, err := source.Decode("p.html", []byte(page))
		if err != nil && !errors.Is(err, source.ErrEmpty) || err == nil && !strings.Contains(got.Body, "needle") {
			t.Errorf("%s: error %v, text without needle", name, err)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	page := []byte(strings.Repeat("<h2 id=a>Head</h2>\n<p>The <i>harbour</i> was <a href=\"#x\">quiet</a> when the last ferry came in.</p><ul><li>a<li>b</ul><table><tr><td>1<td>2</table>\n", 5000))
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if _, err := source.Decode("p.html", page); err != nil {
			b.Fatal(err)
		}
	}
}
