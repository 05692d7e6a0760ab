package container_test

import (
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm/source/internal/container"
)

func FuzzMail(f *testing.F) {
	for _, s := range []string{
		"From: a\nSubject: =?utf-8?q?K=C3=BC?=\n\ntext", "From a@x Mon Jan  5 10:00:00 2026\nFrom: a\n\n>From b\n\nFrom b@x Mon Jan  5 11:00:00 2026\nTo: x\nDate: y\n\nz",
		"From: a\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n--b\nContent-Type: text/plain; charset=gbk\nContent-Transfer-Encoding: base64\n\nxOO6ww==\n--b--\n",
		"From: a\nDate: b\nContent-Type: message/rfc822\n\nFrom: c\nSubject: d\n\ne", "From: a\nDate: b\nContent-Type: application/pdf; name=x\nContent-Disposition: attachment\n\ne",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, ok := container.Mail(data)
		if ok && (!utf8.ValidString(text.Body) || len(text.Notes) == 0 || len(text.Body) > 100*len(data)+1000) {
			t.Fatalf("%d bytes of text from %d, notes %q", len(text.Body), len(data), text.Notes)
		}
	})
}

func FuzzNotebook(f *testing.F) {
	for _, s := range []string{
		`{"cells": [{"cell_type": "markdown", "source": ["# A\n", "b"], "attachments": {"x.png": {}}}], "nbformat": 4}`,
		`{"cells": [{"cell_type": "code", "source": "x", "outputs": [{"text": "1"}, {"data": {"image/png": "a", "text/html": ["<table><tr><td>1"]}}, {"traceback": ["\u001b[31mB"]}]}], "nbformat": 4}`,
		`{"worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "H"}, {"cell_type": "code", "input": "x"}]}], "nbformat": 3}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		text, ok := container.Notebook(body)
		if ok && (!utf8.ValidString(text.Body) || len(text.Notes) == 0) {
			t.Fatalf("notes %q: %q", text.Notes, text.Body)
		}
	})
}

func FuzzTexts(f *testing.F) {
	for _, s := range []string{
		"<SEC-DOCUMENT>\n<DOCUMENT>\n<TYPE>10-K\n<TEXT>\n<p>x</TEXT></DOCUMENT>", "1\n00:00:01,000 --> 00:00:03,000\na\n\n", "WEBVTT\n\n00:01.000 --> 00:03.000\n<v A>b",
		`{"a": "\u00e9\ud83d\ude00\ud83d \"\\u0041"}`, "data:image/png;base64,AAAA", "a\rb\r",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if !utf8.ValidString(body) {
			return
		}
		for _, read := range []func(string) (container.Text, bool){container.Filing, container.Subtitles} {
			if text, ok := read(body); ok && (!utf8.ValidString(text.Body) || len(text.Notes) == 0) {
				t.Fatalf("notes %q: %q", text.Notes, text.Body)
			}
		}
		if s := container.Unescape(body); !utf8.ValidString(s) || len(s) > len(body) {
			t.Fatalf("unescaped: %q", s)
		}
		if s, ok := container.LineEnds(body); len(s) != len(body) || !ok && s != body {
			t.Fatalf("line ends: %q", s)
		}
		if text := container.Payloads(body); !utf8.ValidString(text.Body) || len(text.Body) > len(body)+64 {
			t.Fatalf("payloads: %q", text.Body)
		}
	})
}
