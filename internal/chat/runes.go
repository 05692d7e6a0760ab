package chat

import (
	"bytes"
	"unicode/utf8"
)

// joinRunes returns data, a chunk, with the part of a character that the chunk
// before left open, and keeps back the part that this one leaves open: servers
// that cut their text by tokens part a character between two chunks, as raw
// bytes or as the two halves of a surrogate pair, and a decoder would make two
// replacement characters of it. An ordinary chunk costs one pass of utf8.Valid.
func (e *events) joinRunes(data []byte) []byte {
	if len(e.half) == 0 && utf8.Valid(data) && !bytes.Contains(data, []byte(`\ud`)) && !bytes.Contains(data, []byte(`\uD`)) {
		return data
	}
	from, to := contentOf(data)
	if from < 0 {
		return data
	}
	text := append(append([]byte(nil), e.half...), data[from:to]...)
	keep := openTail(text)
	e.half = append(e.half[:0], text[len(text)-keep:]...)
	text = text[:len(text)-keep]
	return bytes.Join([][]byte{data[:from], text, data[to:]}, nil)
}

// contentOf returns where the inside of the string under the key "content"
// stands in a chunk, or −1.
func contentOf(data []byte) (from, to int) {
	key := []byte(`"content"`) // inside a string its quotes would be escaped
	i := bytes.Index(data, key)
	if i < 0 {
		return -1, -1
	}
	i += len(key)
	for i < len(data) && bytes.IndexByte([]byte(" \t:"), data[i]) >= 0 {
		i++
	}
	if i == len(data) || data[i] != '"' {
		return -1, -1
	}
	i++
	for from = i; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return from, i
		}
	}
	return -1, -1
}

// openTail returns how many bytes at the end of the inside of a JSON string
// are the beginning of a character: the first half of a surrogate pair, or
// the first bytes of a rune.
func openTail(s []byte) int {
	if n := len(s); n >= 6 && s[n-6] == '\\' && s[n-5] == 'u' && (s[n-4]|0x20) == 'd' &&
		bytes.IndexByte([]byte("89abAB"), s[n-3]) >= 0 {
		slashes := 0
		for i := n - 6; i >= 0 && s[i] == '\\'; i-- {
			slashes++
		}
		if slashes%2 == 1 {
			return 6
		}
	}
	for k := 1; k < utf8.UTFMax && k <= len(s); k++ {
		if b := s[len(s)-k]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(s[len(s)-k:]) {
				return k
			}
			return 0
		}
	}
	return 0
}
