package source_test

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/source"
)

const mbox = `From anna@example.org Mon Jan  5 10:00:00 2026
From: Anna <anna@example.org>
Subject: =?utf-8?q?K=C3=BCndigung?=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

die K=C3=BCndigungsfrist betr=C3=A4gt sechs Mo=
nate.

>From the start it was so.
From here on it is text.

From bert@example.org Mon Jan  5 11:00:00 2026
From: Bert <bert@example.org>
Subject: deposit
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

VGhlIGRlcG9zaXQgaXMgdGhyZWUgcmVudHMu
--c
Content-Type: text/html; charset=iso-8859-1

<p>H` + "\xe4" + `lfte</p>
--c--
--b
Content-Type: application/pdf; name="lease.pdf"
Content-Disposition: attachment; filename="lease.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjcK
--b
Content-Type: message/rfc822

From: c@example.org
Subject: older
Content-Type: text/html; charset=windows-1251

<p>` + "\xf1\xf0\xee\xea" + ` five</p>
--b--
`

func TestContainersGiveTheirText(t *testing.T) {
	for _, c := range []struct {
		name, file, data string
		want             []string // in this order
		never            []string
		note             string
	}{
		{
			"mbox", "inbox.mbox", mbox,
			[]string{"# Kündigung\n\nFrom: Anna", "beträgt sechs Monate.", "\nFrom the start it was so.\nFrom here on it is text.", "# deposit", "The deposit is three rents.", "[attachment: lease.pdf]", "# older", "срок five"},
			[]string{"K=C3", "VGhl", "Hälfte", "JVBE", "MIME-Version"},
			"attachments left out: lease.pdf",
		},
		{
			"message of 8 bits", "a.eml", "From: J\xfcrgen\nSubject: K\xe4se\nDate: today\n\nDer K\xe4se liegt \xfcber der T\xfcr, gr\xf6\xdfer als gestern und viel sch\xf6ner.\n",
			[]string{"# Käse\n\nFrom: Jürgen\nDate: today\n\nDer Käse liegt über der Tür"},
			nil, "windows-1252",
		},
		{
			"message that breaks off", "a", "From: a\nSubject: b\nContent-Type: multipart/mixed; boundary=zz\n\n--zz\nContent-Type: text/plain\n\nhello\n--zz\nContent-Type: text/plain; charset=x-none\n\nthe rest",
			[]string{"hello", "the rest"},
			nil, "breaks off",
		},
		{"no message", "lease.mbox", "# Sheet\n\nFrom here: text\n", []string{"# Sheet\n\nFrom here: text"}, nil, ""},
		{
			"notebook", "a.ipynb", `{"cells": [{"cell_type": "markdown", "source": ["# Sales\n", "Mean: \"412\" \u00e9"]},
{"cell_type": "code", "source": "print(1)", "outputs": [{"output_type": "stream", "text": ["1\n"]}, {"data": {"image/png": "iVBO", "text/plain": ["<Figure>"]}},
{"output_type": "error", "traceback": ["\u001b[31mBoom\u001b[0m"]}, {"data": {"text/html": "<table><tr><th>a<th>b<tr><td>1<td>2</table>"}}]}],
"metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}`,
			[]string{"# Sales\nMean: \"412\" é", "```python\nprint(1)\n```", "```\n1\n```", "<Figure>", "```\nBoom\n```", "a | b\n1 | 2"},
			[]string{"iVBO", `\n`, "cell_type"},
			"left out: image/png",
		},
		{
			"filing", "full.txt", "<SEC-DOCUMENT>0-25.txt : 2025\n<SEC-HEADER>0-25.hdr.sgml\nCOMPANY: ACME\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>a.htm\n<TEXT>\n" +
				"<html><body><p><span>The divi</span><span>dend was $0.42.</span></body></html>\n</TEXT>\n</DOCUMENT>\n<DOCUMENT>\n<TYPE>EX-27\n<TEXT>\n<TABLE>\n<S>      <C>\nSales   12\n</TABLE>\n</TEXT>\n</DOCUMENT>\n" +
				"<DOCUMENT>\n<TYPE>GRAPHIC\n<FILENAME>x.jpg\n<TEXT>\nbegin 644 x.jpg\nM_]C_X\nend\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n",
			[]string{"COMPANY: ACME", "# 10-K a.htm\n\nThe dividend was $0.42.", "# EX-27", "Sales   12"},
			[]string{"<span", "M_]C", "<S>"},
			"left out: GRAPHIC x.jpg",
		},
		{
			"SubRip", "a.srt", "\ufeff1\r\n00:00:01,000 --> 00:00:03,000\r\nThe <i>ship</i> left\r\nthe harbour\r\n\r\n2\r\n00:00:03,200 --> 00:00:05,000\r\non the fourth of May.\r\n\r\n3\r\n01:00:20,000 --> 01:00:22,000\r\n- Hello.\r\n- Hi.\r\n",
			[]string{"[0:00:01] The ship left the harbour on the fourth of May.\n\n[1:00:20] - Hello.\n- Hi.\n"},
			[]string{"-->", "<i>"},
			"times",
		},
		{"WebVTT", "a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000 align:start\n<v Anna>Yes.\n\n00:03.100 --> 00:05.000\n<v Bert>No.\n", []string{"[0:00:01] Anna: Yes.\nBert: No."}, []string{"-->"}, "times"},
		{
			"JSON", "a.json", `{"a": "m\u00f3vil \ud83d\ude00 \"key\" c:\\u0041 \u003cb\u003e", "b": "\u0000 \ud83d x\ny"}`,
			[]string{`móvil 😀 "key" c:\u0041 <b>`, `\u0000 \ud83d x` + "\ny"},
			nil, "JSON",
		},
		{"JSON without a name", "stdin", "{\"a\": \"m\\u00f3vil\"}\n{\"b\": 1}\n", []string{"móvil"}, nil, "JSON"},
		{"not JSON", "a.py", `x = "m\u00f3vil"`, []string{`m\u00f3vil`}, nil, ""},
		{"lines that end in CR", "a.csv", "a,b\r1,2\r3,4\r", []string{"a,b\n1,2\n3,4\n"}, []string{"\r"}, "CR"},
		{"lines that end in CR and LF", "a.txt", "10%\r20%\r\nb\r\n", []string{"10%\r20%\r\nb\r\n"}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := source.Decode(c.file, []byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			at := 0
			for _, w := range c.want {
				i := strings.Index(got.Body[at:], w)
				if i < 0 {
					t.Fatalf("%q is not there, or not in its place:\n%s", w, got.Body)
				}
				at += i
			}
			for _, n := range c.never {
				if strings.Contains(got.Body, n) {
					t.Errorf("%q is still there:\n%s", n, got.Body)
				}
			}
			if noted := slices.ContainsFunc(got.Notes, func(n string) bool { return c.note != "" && strings.Contains(n, c.note) }); noted != (c.note != "") || got.Converted != noted {
				t.Errorf("converted %v, notes %q, want one with %q", got.Converted, got.Notes, c.note)
			}
		})
	}
}

func TestPayloadsAreLeftOutAndWordsAreNot(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	data := make([]byte, 3000)
	if _, err := random.Read(data); err != nil {
		t.Fatal(err)
	}
	blob := base64.StdEncoding.EncodeToString(data)
	var wrapped strings.Builder
	for line := range slices.Chunk([]byte(blob), 76) {
		wrapped.Write(append(line, '\n'))
	}
	quoted, err := json.Marshal(map[string]string{"text": "after", "image": blob})
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"a.md":   "before ![x](data:image/png;base64," + blob + ") after",
		"b.txt":  "before\n\n" + wrapped.String() + "\nafter",
		"c.txt":  "before " + blob + " after",
		"d.json": "[\"before\", " + string(quoted) + "]",
		"e.svg":  `before <img src="data:image/svg+xml,` + strings.Repeat("%3Csvg", 100) + `"> after`,
	} {
		got, err := source.Decode(name, []byte(body))
		if err != nil || len(got.Body) > 200 || !strings.Contains(got.Body, "before") || !strings.Contains(got.Body, "after") || !got.Converted || len(got.Notes) == 0 {
			t.Errorf("%s: error %v, notes %q: %.300q", name, err, got.Notes, got.Body)
		}
	}
	for name, body := range map[string]string{
		"genes": strings.Repeat("ACGT", 200), "hex": strings.Repeat("0123456789abcdef", 40), "letters": strings.Repeat("x", 900),
		"path": "/" + strings.Repeat("usr/local/share/", 40), "name": strings.Repeat("LongCamelCaseName", 40), "short": blob[:200],
	} {
		if got, err := source.Decode("a.txt", []byte(body)); err != nil || got.Body != body {
			t.Errorf("%s: error %v, notes %q", name, err, got.Notes)
		}
	}
}
