package mock

import "strings"

// Words of the language, not of any text: what they weigh in a question.

func wordSet(lists ...string) map[string]bool {
	m := make(map[string]bool)
	for _, l := range lists {
		for w := range strings.FieldsSeq(l) {
			m[w] = true
		}
	}
	return m
}

const (
	stopEnglish = `a an the and or but if then else of in on at by for from to into onto with without within about as is are was were be been being am do does did done doing has have had having can could may might must shall should will would what which who whom whose when where why how that this these those there here it its itself they them their theirs he him his she her hers we us our ours you your yours i me my mine not no nor so than too very just also only own same such any some all each every both few more most other another much many between under over again further once during before after above below up down out off through until while because per via let one ones ever already get gets got vs etc yes please`
	stopGerman  = `der die das den dem des ein eine einen einem einer eines und oder aber wenn dann von im in an am auf bei fur mit ohne aus zu zum zur nach vor uber unter ist sind war waren sein wird werden wurde wurden hat haben hatte kann konnen darf durfen muss mussen soll sollen was welche welcher welches welchen wer wem wen wessen wann wo warum wieso weshalb wie viel viele dass dies diese dieser dieses diesen es sie er wir ihr ihre ihren ihrer ich man nicht kein keine keinen nur auch noch schon sich als so um durch gegen bis es`
	stopFrench  = `le la les l un une des du de d et ou mais si dans en sur sous par pour avec sans au aux est sont etait etaient etre sera fut a ont avait avoir peut peuvent doit doivent que qu qui quoi quel quelle quels quelles quand comment pourquoi combien il elle ils elles on nous vous je se sa son ses leur leurs ce cet cette ces c y ne pas plus moins tout tous toute toutes entre apres avant ou`
	stopSpanish = `el la los las un una unos unas de del y o u pero si en con sin sobre por para al a es son era eran ser sera fue fueron ha han habia haber puede pueden debe deben que cual cuales quien quienes cuando donde como cuanto cuanta cuantos cuantas porque su sus se lo le les este esta estos estas ese esa esto eso no mas menos muy todo todos toda todas entre hasta desde tiene tienen hay`
	stopOthers  = `il lo gli uno della delle dei degli nel nella che chi cosa quando dove perche come quanto quanti sono era essere ha hanno non per con su tra fra o os as um uma do da dos das no na nos nas em por qual quais quem onde foi sao ser tem het een van op te met voor aan bij uit naar zijn was waren wordt worden heeft hebben kan kunnen moet moeten wat welke wie waar wanneer waarom hoe hoeveel niet geen ook maar dat dit deze die и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему когда какой какая какие кто где почему сколько для при это является`
	// Words that speak of reading and answering, or that most texts hold.
	common = `according answer answers question text document passage section article page chapter part quote quoted cite shorten findings finding goal reference statement statements strongest bears summarize summarise helper reader describe described describes explain explained explains tell tells say says said state states stated mention mentioned mentions name names named give gives given find mean means meaning happen happens happened passe passer arrive thing things way ways kind kinds sort sorts make makes made take takes taken use uses used using come comes go goes going exact exactly please know known need needs want certain different example examples case cases following possible information regarding concerning detail details sagt laut text frage antwort beschreibe erklare nenne finde finden suche suchen stelle stellen beantwortet beantworten zitiere zitieren trouve trouver cherche repond repondre citer busca buscar encuentra pasaje pasajes responde responder citalo trova passo risponde encontre trecho dit selon texte question reponse decrire expliquer segun pregunta respuesta describa explique`
	// Content words that are frequent in all prose.
	frequent = `keep copy write report read merge combine called calls call work works working apply applies list show shows time times year years day days number numbers amount value values total new first last long large small big high low often far tall deep wide fast young good people person man company group firm set put let run part place point end start order form long good well allow allowed require required requires become becomes turn set size still even back new old much great little since always never often two three four five hold holds provide provided contain contains include includes jahr jahre tag tage zahl zeit neue ersten lange lang oft hoch weit gross gilt gelten annee annees jour jours nombre temps ano anos dia dias numero tiempo`
)

var (
	stopWords     = wordSet(stopEnglish, stopGerman, stopFrench, stopSpanish, stopOthers)
	commonWords   = wordSet(common)
	frequentWords = wordSet(frequent)
)

// functionRunes are characters of Chinese and Japanese that carry grammar;
// a pair of two of them says nothing of the subject.
const functionRunes = "的了是在和与或吗呢啊吧么什哪谁几多少怎何有个这那之其也都就而及被把对于从到请问样如会能要可以所很该为将应当由则且并等是否わをがはにでとのもかだするしたてい"
