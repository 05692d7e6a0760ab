package swarm

import "unicode/utf8"

// EstimateTokens guesses how many tokens a model's tokenizer makes of s,
// without a vocabulary. The chunker, the window of a merge and the pool size
// their work by it.
//
// It counts quarters of a token: an ASCII byte is one quarter and a little
// (English text under o200k_base has some 4.4 bytes a token, code and tables
// 3 or less), a rune of two bytes half a token, of three bytes (CJK, Thai,
// Devanagari) one whole, of four bytes (emoji, rare ideographs) two. Invalid
// bytes count one token each. On prose the guess stays within a third of
// o200k_base's count; models with other vocabularies may be further off.
func EstimateTokens(s string) int {
	var quarters int
	ascii, digitsAndMarks := 0, 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			ascii++
			if c >= '!' && c <= '@' || c >= '[' && c <= '`' || c >= '{' {
				digitsAndMarks++
			}
			i++
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		switch size {
		case 1:
			quarters += 4
		case 2:
			quarters += 2
		case 3:
			quarters += 4
		default:
			quarters += 8
		}
		i += size
	}
	// Digits and punctuation rarely merge with their neighbours: they weigh
	// half a token, letters and spaces a quarter.
	quarters += ascii + digitsAndMarks
	return (quarters + 3) / 4
}
