package source_test

import (
	"errors"
	"slices"
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

func TestHTMLKeepsWhatItsMarksSay(t *testing.T) {
	for _, c := range []struct{ name, page, want string }{
		{"powers", "5 × 10<sup>12</sup>, 10<sup>-24</sup> cm<sup>2</sup>, 2<sup>n+1</sup>x, the 2<sup>nd</sup>, <sup>14</sup>C", "5 × 10^12, 10^-24 cm^2, 2^(n+1) x, the 2nd, ^14C"},
		{"indices", "101<sub>2</sub>, H<sub>2</sub>O, C<sub>6</sub>H<sub>12</sub>, a<sub>max</sub>, log<sub>10</sub> x", "101_2, H2O, C6H12, a_max, log_10 x"},
		{"notes by their texts", "<p>Turnover was 1,234<sup>1</sup> million, E=mc<sup>1</sup>.<p><sup>1</sup> Not audited.", "Turnover was 1,234 (note 1) million, E=mc^1.\n\n(note 1) Not audited."},
		{"notes by their links", "<p>8,150<sup><a href='#n3'>[3]</a></sup> people, 7<a href='#n4'><sup>4</sup></a>", "8,150 (note 3) people, 7 (note 4)"},
		{"notes by their words", "<p>in 2023,<sup>3</sup> the shares<sup>4</sup> and 1.250.000<sup>5</sup>", "in 2023, (note 3) the shares (note 4) and 1.250.000 (note 5)"},
		{"notes by their form", "<p>12<sup>[2]</sup> and 55<sup>a</sup> and 1.234<sup>1)</sup><p><sup>a</sup> About.<br><sup>1)</sup>Sum", "12 (note 2) and 55 (note a) and 1.234 (note 1)\n\n(note a) About.\n(note 1) Sum"},
		{"ions, ordinals, signs", "Ca<sup>2+</sup>, Na<sup>+</sup>, 1<sup>a</sup> edición, 1<sup>er</sup>, ACME<sup>®</sup>, x<sub>1</sub><sup>2</sup>", "Ca^2+, Na^+, 1ª edición, 1er, ACME®, x_1^2"},
		{"deleted rows and paragraphs", "<table><tr><th>A<th>B<tr style='text-decoration:line-through'><td>1<td>2</table><del><p>Old</p></del><p>New", "A | B\n~~1~~ | ~~2~~\n\n~~Old~~\n\nNew"},
		{"deleted", "<p>30<del>31 </del>days, <s>45</s> 38 <span style='text-decoration: line-through'>9</span>", "30~~31~~ days, ~~45~~ 38 ~~9~~"},
		{"colspan and rowspan of heads", "<table><tr><th rowspan=2>City<th colspan=2>2023<tr><th>Men<th>Women<tr><td>Bonn<td>1<td>2</table>", "City | 2023 | 2023\nCity | Men | Women\nBonn | 1 | 2"},
		{"colspan and rowspan of cells", "<table><tr><th>A<th>B<th>C<tr><td rowspan=2>r<td colspan=2>closed<tr><td>1<td>2</table>", "A | B | C\nr | closed | closed\nr | 1 | 2"},
		{"signs with cells of their own", "<table><tr><td><td colspan=3>2024<td colspan=3>2023<tr><td>Sum<td>$<td>12<td><td>$<td>(9<td>)<tr><td>All<td colspan=2>900<td><td colspan=2>8<td></table>", "| 2024 | 2024 | 2023 | 2023 | 2023\nSum | | $12 | | $(9) | |\nAll | | 900 | | 8 |"},
		{"a table in a table", "<table><tr><th>Item<th>Price<tr><td>Berth<td><table><tr><td>small<td>10<tr><td>large<td>20</table></table>", "Item | Price\nBerth | small, 10; large, 20"},
		{"ruby", "<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>を、<ruby>図書館<rp>(</rp><rt>としょかん</rt><rp>)</rp></ruby>で", "漢字(かんじ)を、図書館(としょかん)で"},
		{"formula of an image", `It is <span><span style="display:none"><math><mi>E</mi></math></span><img alt="{\displaystyle E=m}"></span>.`, "It is E=m."},
		{"formula in MathML", "<math><mi>q</mi><mo>=</mo><msup><mn>10</mn><mn>6</mn></msup><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac></math>", "q = 10^6(a + b)/c"},
		{"formula shown twice", `<span class="katex"><math><semantics><mi>E</mi><annotation encoding="application/x-tex">E=mc^2</annotation></semantics></math><span aria-hidden=true>Emc2</span></span>`, "E=mc^2"},
		{"formula by MathJax", `a <span class="MathJax">x2</span><script type="math/tex">x^2</script> b`, "a x^2 b"},
		{"formula in MathML and an image", `<math><mi>E</mi><mo>=</mo><mi>m</mi></math><img alt="{\displaystyle E=m}"> end`, "E = m end"},
		{"formula of Wikipedia", `<span class="mwe-math-element"><span style="display:none"><math alttext="{\displaystyle x_{i}}"><mi>x</mi></math></span><img alt="{\displaystyle x_{i}}"></span>`, "x_{i}"},
		{"box of a script", "<p><span role=checkbox aria-checked=true>yes</span>", "[x] yes"},
		{"files and other sites", "<a href=files/lease.pdf>lease</a> <a href=//x.org/y>y</a> <a href=page.html>p</a> <a href='#a'>q</a>", "[lease](files/lease.pdf) [y](//x.org/y) p q"},
		{"boxes", "<p>Smoking: <input type=checkbox> yes <input type=radio checked> no<ul><li><label><input type=checkbox checked>Lift</label></ul><select><option>a<option selected>b</select>", "Smoking: [ ] yes [x] no\n\n- [x] Lift\n\nb"},
		{"links", "<p><a href='mailto:o@x.org'>office</a> <a href=https://x.org/17>form </a>or <a href=/a>b</a> <a href=https://x.org/>x.org</a><h2><a href=https://y.org>H</a></h2>", "[office](mailto:o@x.org) [form](https://x.org/17) or b x.org\n\n## H"},
		{"terms", "<dl><dt>A<dt>B<dd><p>both</p><dd>more<dt>C<dd>c</dl>", "A\nB: both\nmore\nC: c"},
		{"letters of items", "<ol type=a><li>x<li>y</ol>", "a. x\nb. y"},
		{"image", "<img alt=logo><img alt='Rents by year'>", "[image: Rents by year]"},
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

func TestHTMLSaysWhatItLeavesOut(t *testing.T) {
	for page, want := range map[string]string{
		"<p>a<p>b<p hidden>c":               "hides",
		"<p>a<svg><text>b</text></svg>":     "drawings",
		strings.Repeat("<div>", 1000) + "a": "layout",
	} {
		got, err := source.Decode("p.html", []byte(page))
		if err != nil || !slices.ContainsFunc(got.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("%.40q: error %v, notes %q, want one with %q", page, err, got.Notes, want)
		}
	}
}

func TestPagesAreKnownWhateverTheyBeginWith(t *testing.T) {
	page := "<html><head><title>T</title></head><body><p>The <b>rent</b> is 5.</p></body></html>"
	for _, before := range []string{
		"", "\ufeff\n", "<?xml version='1.0'?>\n", "<!-- saved from url -->\n<!DOCTYPE html>", "HTTP/1.1 200 OK\nContent-Type: text/html\n\n", "Loading …\n",
	} {
		got, err := source.Decode("stdin", []byte(before+page))
		if err != nil || got.Format != source.HTML || !strings.Contains(got.Body, "The rent is 5.") {
			t.Errorf("after %q: %v, error %v: %q", before, got.Format, err, got.Body)
		}
	}
	for _, text := range []string{"<div><p>The <b>rent</b></p></div>", "<h1>A</h1>\n<p>b"} {
		if got, err := source.Decode("stdin", []byte(text)); err != nil || got.Format != source.HTML {
			t.Errorf("%q: %v, error %v", text, got.Format, err)
		}
	}
	for _, text := range []string{"a < b and <b>", "<p align=center>x</p>\n\n# A\n\ntext\n\n# B\n", "```html\n<html>\n```\n", "<rss><title>x</title></rss>"} {
		if got, err := source.Decode("stdin", []byte(text)); err != nil || got.Format == source.HTML {
			t.Errorf("%q: %v, error %v", text, got.Format, err)
		}
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
		"spans":      "<table>" + strings.Repeat("<tr><td rowspan=9999 colspan=999>needle", 20_000),
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
