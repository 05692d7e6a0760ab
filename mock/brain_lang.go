package mock

import (
	"strings"
	"unicode"
)

// phrases are the few words of its own that a brain needs in a language.
type phrases struct {
	none    string // nothing answers
	missing string // what is missing then
	also    string // before passages that add to the answer
	ask     string // before a question that a small reader is to answer
	hint    string // before headings that bear on it
	reaches string // from, to: the first and the last heading
}

var languages = map[string]phrases{
	"en": {"The sources do not answer this question.", "a passage that answers the question", "See also: ", "Find the passage that answers the question, and quote it.", "Sections likely to matter: ", "The text reaches from %s to %s."},
	"de": {"Die Quellen beantworten diese Frage nicht.", "eine Stelle, die die Frage beantwortet", "Siehe auch: ", "Finde die Stelle, die die Frage beantwortet, und zitiere sie.", "Wichtige Abschnitte vermutlich: ", "Der Text reicht von %s bis %s."},
	"fr": {"Les sources ne répondent pas à cette question.", "un passage qui réponde à la question", "Voir aussi : ", "Trouve le passage qui répond à la question et cite-le.", "Sections sans doute utiles : ", "Le texte va de %s à %s."},
	"es": {"Las fuentes no responden a esta pregunta.", "un pasaje que responda a la pregunta", "Véase también: ", "Busca el pasaje que responde a la pregunta y cítalo.", "Secciones probablemente útiles: ", "El texto va de %s a %s."},
	"it": {"Le fonti non rispondono a questa domanda.", "un passo che risponda alla domanda", "Vedi anche: ", "Trova il passo che risponde alla domanda e citalo.", "Sezioni probabilmente utili: ", "Il testo va da %s a %s."},
	"pt": {"As fontes não respondem a esta pergunta.", "um trecho que responda à pergunta", "Veja também: ", "Encontre o trecho que responde à pergunta e cite-o.", "Seções provavelmente úteis: ", "O texto vai de %s a %s."},
	"zh": {"资料中没有回答这个问题的内容。", "能回答问题的段落", "另见：", "找出回答问题的段落并引用原文。", "可能相关的章节：", "全文从%s到%s。"},
	"ja": {"資料にはこの質問の答えがありません。", "質問に答える箇所", "関連：", "質問に答える箇所を見つけて引用してください。", "関係しそうな節：", "本文は%sから%sまで。"},
	"ko": {"자료에 이 질문에 대한 답이 없습니다.", "질문에 답하는 구절", "참고: ", "질문에 답하는 구절을 찾아 인용하세요.", "관련 있을 만한 절: ", "본문은 %s부터 %s까지입니다."},
	"ru": {"Источники не отвечают на этот вопрос.", "место, которое отвечает на вопрос", "См. также: ", "Найди место, которое отвечает на вопрос, и процитируй его.", "Вероятно важные разделы: ", "Текст — от %s до %s."},
}

var tongues = []struct {
	name  string
	words map[string]bool
}{
	{"en", wordSet("the of is what which who how when where why does do are was to in and a an for on can must has")},
	{"de", wordSet("der die das ist was wer wie wann wo warum welche welcher welches und in von zu den dem ein eine hat wird werden sich muss darf fur bei nicht")},
	{"fr", wordSet("le la les est que quel quelle qui comment quand ou pourquoi et on si il elle se en un y au de du des un une dans pour sont combien ce il")},
	{"es", wordSet("el la los las es que cual quien como cuando donde por y de del un una en para son cuanto cuantos se")},
	{"it", wordSet("il lo la gli e che quale chi come quando dove perche di del un una in per sono quanto quanti")},
	{"pt", wordSet("o a os as e que qual quem como quando onde por de do da um uma em para sao quanto quantos nao")},
}

// languageOf guesses the language of a question by its script, then by the
// words that carry grammar.
func languageOf(s string) string {
	var han, kana, hangul, cyrillic int
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case r >= 0x3040 && r <= 0x30FF:
			kana++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		}
	}
	switch {
	case kana > 0:
		return "ja"
	case hangul > 1:
		return "ko"
	case han > 1:
		return "zh"
	case cyrillic > 2:
		return "ru"
	}
	best, most := "en", 0
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, t := range tongues {
		n := 0
		for _, w := range words {
			if t.words[foldString(w)] {
				n++
			}
		}
		if n > most {
			best, most = t.name, n
		}
	}
	return best
}

// silence is the plain text of "not in here": the word that the prompt asks
// for, or a sentence in the language of the question.
func silence(p prompt) string {
	for _, w := range []string{"NOT_FOUND", "NOT FOUND", "ABSTAIN", "NO ANSWER", "NO_ANSWER", "UNANSWERABLE", "UNKNOWN", "NONE", "N/A"} {
		if strings.Contains(p.loose, w) {
			return w
		}
	}
	return languages[languageOf(p.question)].none
}
