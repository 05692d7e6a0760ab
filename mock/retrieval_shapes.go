package mock

import (
	"strings"
	"unicode/utf8"
)

// shapes say what sorts of figures a text has, or a question wants.
type shapes uint16

const (
	aNumber shapes = 1 << iota // any at all
	aSpan                      // of time
	aDate
	aSum // of money
	aDistance
	aWeight
	aWarmth
	aShare // per cent, a fraction
	aPhone
	aMail
)

var shapeAsks = []struct {
	shape shapes
	words []string
}{
	{aSpan, []string{"how long", "how often", "how old", "how soon", "how quickly", "what age", "which age", "for what time", "how much time", "how much notice", "wie lange", "wie oft", "wie alt", "welchem alter", "combien de temps", "quel âge", "cuánto tiempo", "多久", "多长时间", "几年", "几天", "几个月", "几小时"}},
	{aSum, []string{"cost", "price", "fee", "salary", "how expensive", "paid", " pay", "earn", "fine", "how much money", "charge", "worth", "kost", "preis", "teuer", "zahl", "gebühr", "prix", "coût", "tarif", "cuesta", "precio", "多少钱", "价格", "费", "票价", "工资", "罚"}},
	{aDistance, []string{"how long", "how far", "how tall", "how high", "how deep", "how wide", "how thick", "how thin", "how close", "altitude", "distance", "height", "width", "wie lang", "wie weit", "wie hoch", "wie tief", "wie breit", "hauteur", "longueur", "distance", "altura", "多长", "多高", "多远", "多深", "多宽"}},
	{aWeight, []string{"how heavy", "weigh", "schwer", "wiegt", "gewicht", "pèse", "poids", "pesa", "多重"}},
	{aWarmth, []string{"temperature", "how hot", "how cold", "how warm", "temperatur", "wie warm", "wie heiß", "wie kalt", "température", "温度", "度"}},
	{aPhone, []string{"phone number", "fax number", "telefonnummer", "numéro de téléphone", "número de teléfono", "电话号码", "手机号"}},
	{aMail, []string{"e-mail address", "email address", "mail-adresse", "adresse e-mail", "correo electrónico", "邮箱", "电子邮件"}},
	{aShare, []string{"percentage", "what share", "what part", "proportion", "what fraction", "per cent", "percent", "prozent", "anteil", "pourcentage", "quelle part", "porcentaje", "百分之", "比例", "几成"}},
}

// askedShapes reads off a question what sorts of figures it wants.
func askedShapes(question string, c cues) shapes {
	var s shapes
	if c&wantDate != 0 {
		s |= aDate | aSpan // "within ten days" as well
	}
	if c&(wantNumber|wantDate) != 0 {
		s |= aNumber
	}
	low := strings.ToLower(question)
	for _, a := range shapeAsks {
		if (c&wantNumber != 0 || a.shape&(aSum|aWarmth|aShare|aSpan|aDistance|aWeight|aPhone|aMail) != 0) && hasAny(low, a.words) {
			s |= a.shape
		}
	}
	if s&aSum != 0 && c&wantNumber == 0 && !hasAny(low, []string{"what ", "which ", "was kost", "quel", "多少"}) {
		s &^= aSum // "who pays …?" wants no sum
	}
	if c&(wantPerson|wantReason) != 0 {
		s &^= aPhone | aMail // it only speaks of one
	}
	return s
}

// unitRunes are units of one character.
var unitRunes = map[rune]shapes{'年': aSpan | aDate, '月': aSpan | aDate, '天': aSpan, '日': aSpan | aDate, '周': aSpan, '时': aSpan, '分': aSpan, '秒': aSpan, '岁': aSpan, '点': aDate, '号': aDate, '元': aSum, '块': aSum, '角': aSum, '米': aDistance, '里': aDistance, '斤': aWeight, '克': aWeight, '吨': aWeight, '度': aWarmth, '成': aShare, '°': aWarmth, '%': aShare, '€': aSum, '£': aSum, '$': aSum, '¥': aSum}

// unitWords are units, and what stands for a date.
var unitWords = func() map[string]shapes {
	m := map[string]shapes{}
	for words, s := range map[string]shapes{
		"second seconds minute minutes min hour hours hrs day days week weeks month months year years century decade sekunde sekunden minuten stunde stunden tag tage tagen woche wochen monat monate monaten jahr jahre jahren secondes heure heures jour jours semaine semaines mois an ans année années segundos minutos hora horas día días semana semanas mes meses año años":                                                                                                                                                                                                                           aSpan,
		"january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday jan feb mar apr jun jul aug sep oct nov dec am pm noon midnight spring summer autumn winter easter januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag uhr janvier février mars avril juin juillet août septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre": aDate,
		"euro euros eur usd dollar dollars pound pounds gbp pence cent cents yen yuan franc francs chf rupees kronen":                                                                                       aSum,
		"metre metres meter meters m km kilometre kilometres kilometer kilometers kilometern metern mile miles cm centimetre centimetres mm feet foot ft inch inches yards mètres kilomètres metros milles": aDistance,
		"kg g gram grams kilogram kilograms kilo kilos tonne tonnes ton tons lb lbs ounces gramm kilogramm tonnen grammes kilogrammes":                                                                      aWeight,
		"degree degrees grad celsius degrés grados":                                                         aWarmth,
		"percent per prozent pourcent pour third thirds quarter quarters half fifth drittel viertel hälfte": aShare,
	} {
		for w := range strings.FieldsSeq(words) {
			m[w] |= s
		}
	}
	return m
}()

// otherWords are more often something else than a date, where no number
// stands by them.
var otherWords = wordSet("may march mar am")

var dateBefore = wordSet("in of by since until till before after from early late mid next last every each")

var countWords = wordSet("a an one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half several first second third ein eine einen einmal zweimal zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig hundert tausend un une deux trois quatre cinq six sept huit neuf dix vingt cent mille uno una dos tres cuatro cinco seis siete ocho nueve diez")

const countRunes = "一二两三四五六七八九十百千万亿半〇零几"

// shapesOf finds the figures in a lower-case text that the question has not.
// It looks at each word once.
func shapesOf(low, question string) shapes {
	var s shapes
	if strings.Contains(low, "@") {
		s |= aMail
	}
	before, digits := "", 0 // the word before, digits since the last word
	since := 9              // words since the last number
	for i := 0; i < len(low); {
		c := low[i]
		switch {
		case isDigit(c):
			j := i
			for j < len(low) && (isDigit(low[j]) || (low[j] == '.' || low[j] == ',' || low[j] == ':') && j+1 < len(low) && isDigit(low[j+1])) {
				j++
			}
			if n := low[i:j]; !strings.Contains(question, n) {
				since = 0
				s |= aNumber
				if digits += len(n); digits >= 5 {
					s |= aPhone
				}
				if len(n) == 4 && (n[0] == '1' || n[0] == '2') || strings.Contains(n, ":") {
					s |= aDate
				}
			}
			i = j
		case c >= 'a' && c <= 'z' || c >= 0xC3 && c <= 0xC5:
			j := i
			for j < len(low) && (low[j] >= 'a' && low[j] <= 'z' || low[j] >= 0x80 && low[j] <= 0xC5) {
				j++
			}
			w := low[i:j]
			i = max(j, i+1)
			since++
			digits = 0
			u := unitWords[w]
			if u == aSum {
				switch {
				case strings.HasPrefix(w, "cent") && strings.HasSuffix(low[:j-len(w)], "per "):
					u = aShare
				case i+1 < len(low) && low[i] == ' ' && isDigit(low[i+1]):
					s |= aSum // "EUR 140"
				}
			}
			if since <= 3 || u == aDate && (!otherWords[w] || dateBefore[before] || i+1 < len(low) && isDigit(low[i+1])) || u == aShare && w != "per" && w != "pour" {
				s |= u
			}
			before = w
			if countWords[w] && !strings.Contains(question, w) {
				since = 0
				if len(w) > 2 && w != "first" {
					s |= aNumber
				}
			}
		case c < utf8.RuneSelf:
			s |= unitRunes[rune(c)]
			i++
		default:
			r, size := utf8.DecodeRuneInString(low[i:])
			i += size
			digits = 0
			switch u, ok := unitRunes[r]; {
			case ok && since == 0, ok && r < 0x3000:
				s |= u
			case strings.ContainsRune(countRunes, r):
				since = 0
				s |= aNumber
			case r != '个' && r != '多' && r != '余' && r != '公' && r != '小' && r != '周' && r != '摄' && r != '氏':
				since = 9
			}
		}
	}
	return s
}
