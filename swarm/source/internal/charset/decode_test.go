package charset_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/db31e724/go-swarm/swarm/source/internal/charset"
)

func TestNothingIsDamagedSilently(t *testing.T) {
	for part, most := range map[int]float64{1: 0.05, 3: 0.1} { // the whole texts, and their first thirds
		right, wrong, refused := 0, 0, 0
		for _, enc := range encodings {
			for _, lang := range enc.langs {
				letters := []rune(samples[lang])
				want := string(letters[:len(letters)/part])
				data, err := enc.e.NewEncoder().Bytes([]byte(want))
				if err != nil {
					t.Errorf("%s in %s: %v", lang, enc.name, err)
					continue
				}
				got, notes, err := charset.Decode(data, "")
				switch {
				case err != nil:
					refused++
					t.Logf("1/%d of %s in %s is refused: %v", part, lang, enc.name, err)
				case got != want && len(notes) == 0:
					t.Errorf("1/%d of %s in %s is damaged silently: %q", part, lang, enc.name, got)
				case got != want:
					wrong++
					t.Logf("1/%d of %s in %s is read wrong: %q", part, lang, enc.name, notes)
				default:
					right++
				}
			}
		}
		t.Logf("1/%d of texts in %d encodings: %d are read rightly, %d wrongly with a note, %d refused", part, len(encodings), right, wrong, refused)
		if all := right + wrong + refused; float64(wrong+refused) > most*float64(all) {
			t.Errorf("%d of %d are not read", wrong+refused, all)
		}
	}
}

func TestDecodeObeysWhatIsDeclared(t *testing.T) {
	russian, err := charmap.Windows1251.NewEncoder().String("Срок аренды")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, head, tail, declared, want, note string }{
		{"XML", `<?xml version="1.0" encoding="windows-1251"?>`, russian, "windows-1251", "Срок аренды", "declared"},
		{"HTML", `<html><meta http-equiv=Content-Type content="text/html; charset=windows-1251">`, russian, "windows-1251", "Срок аренды", "declared"},
		{"CSS", `@charset "windows-1251";`, russian, "windows-1251", "Срок аренды", "declared"},
		{"program", "#!/usr/bin/python\n# -*- coding: cp1251 -*-\n", russian, "cp1251", "Срок аренды", "declared"},
		{"UTF-8 whatever it says", `<?xml version="1.0" encoding="iso-8859-1"?>`, "Срок", "iso-8859-1", "Срок", ""},
		{"UTF-8 that it is not", `<?xml version="1.0" encoding="utf-8"?>`, russian + russian, "utf-8", "Срок аренды", "guessed"},
		{"unknown", `<?xml version="1.0" encoding="x-none"?>`, russian + russian, "x-none", "Срок аренды", "not known here"},
		{"none", "plain", "", "", "plain", ""},
	} {
		data := []byte(c.head + c.tail)
		if got := charset.Declared(data); got != c.declared {
			t.Errorf("%s: declared %q, want %q", c.name, got, c.declared)
		}
		got, notes, err := charset.Decode(data, c.declared)
		if err != nil || !strings.Contains(got, c.want) || c.note == "" != (len(notes) == 0) || !strings.Contains(strings.Join(notes, " "), c.note) {
			t.Errorf("%s: %q, notes %q, error %v", c.name, got, notes, err)
		}
	}
}

func TestDecodeNamesItsGuessWhereItRefuses(t *testing.T) {
	for data, want := range map[string]string{
		"\xc4\xe3\xba\xc3":            "best guess",
		"\x1b$)C\x0e!!":               "ISO-2022-KR",
		"text\x00text":                "NUL",
		strings.Repeat("\x01\x02", 9): "control",
	} {
		if text, _, err := charset.Decode([]byte(data), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, error %v, want one with %q", data, text, err, want)
		}
	}
}

func TestDecodeGuessesWhatIsHardToGuess(t *testing.T) {
	for _, c := range []struct {
		name string
		e    encoding.Encoding
		text string
	}{
		{"a table in Shift-JIS", japanese.ShiftJIS, strings.Repeat("名前,年齢\n山田太郎,31,東京\n", 9)},
		{"a table in GBK", simplifiedchinese.GBK, strings.Repeat("姓名,城市\n王小明,31,上海\n", 9)},
		{"a page in windows-1251", charmap.Windows1251, "<html><head><title>Договор</title><style>p { color: red }</style></head><body><div class=\"main content\"><p>Срок аренды составляет пять лет.</p></div></body></html>"},
		{"one letter", charmap.Windows1252, strings.Repeat("The rent is paid each month. ", 20) + "Café."},
		{"a line", charmap.Windows1252, "x = \"é\" # Größe"},
		{"all in capitals", charmap.Windows1251, "ДОГОВОР АРЕНДЫ ЗАКЛЮЧЁН НА ПЯТЬ ЛЕТ И ВСТУПАЕТ В СИЛУ"},
		{"signs", charmap.Windows1252, "“Six months” – no more; it costs €45 at the landlord’s."},
	} {
		data, err := c.e.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if text, notes, err := charset.Decode(data, ""); err != nil || text != c.text || len(notes) == 0 {
			t.Errorf("%s: %q, notes %q, error %v", c.name, text, notes, err)
		}
	}
}

func TestBrokenUTF8IsRepairedAndCounted(t *testing.T) {
	text, notes, err := charset.Decode([]byte(strings.Repeat("grüße ", 5)+"\xe9\xff"), "")
	if err != nil || !strings.HasSuffix(text, " \ufffd\ufffd") || !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "2 invalid bytes") }) {
		t.Errorf("%q, notes %q, error %v", text, notes, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, enc := range encodings {
		data, err := enc.e.NewEncoder().Bytes([]byte(samples[enc.langs[0]]))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "")
		f.Add(data, enc.name)
	}
	f.Fuzz(func(t *testing.T, data []byte, declared string) {
		text, notes, err := charset.Decode(data, declared)
		if err == nil && (!utf8.ValidString(text) || text != string(data) && len(notes) == 0) {
			t.Fatalf("notes %q: %q", notes, text)
		}
		again, _, _ := charset.Decode(data, declared)
		if again != text {
			t.Fatal("not the same twice")
		}
	})
}
