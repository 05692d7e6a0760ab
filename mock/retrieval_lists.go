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
	common = `according answer answers question text document passage section article page chapter part quote quoted cite copy write report read shorten keep findings finding goal reference statement statements strongest bears merge combine summarize summarise helper reader describe described describes explain explained explains tell tells say says said state states stated mention mentioned mentions list name names named give gives given find show shows called call calls mean means meaning happen happens happened passe passer arrive thing things way ways kind kinds sort sorts make makes made take takes taken use uses used using come comes go goes going work works apply applies exact exactly please know known need needs want certain different example examples case cases following possible information regarding concerning detail details sagt laut text frage antwort beschreibe erklare nenne finde finden suche suchen stelle stellen beantwortet beantworten zitiere zitieren trouve trouver cherche repond repondre citer busca buscar encuentra pasaje pasajes responde responder citalo trova passo risponde encontre trecho dit selon texte question reponse decrire expliquer segun pregunta respuesta describa explique`
	// Content words that are frequent in all prose.
	frequent = `time times year years day days number numbers amount value values total new first last long large small big high low often far tall deep wide fast young good people person man company group firm set put let run part place point end start order form long good well allow allowed require required requires become becomes turn set size still even back new old much great little since always never often two three four five hold holds provide provided contain contains include includes jahr jahre tag tage zahl zeit neue ersten lange lang oft hoch weit gross gilt gelten annee annees jour jours nombre temps ano anos dia dias numero tiempo`
)

var (
	stopWords     = wordSet(stopEnglish, stopGerman, stopFrench, stopSpanish, stopOthers)
	commonWords   = wordSet(common)
	frequentWords = wordSet(frequent)
)

// functionRunes are characters of Chinese and Japanese that carry grammar;
// a pair of two of them says nothing of the subject.
const functionRunes = "的了是在和与或吗呢啊吧么什哪谁几多少怎何有个这那之其也都就而及被把对于从到请问样如会能要可以所很该为将应当由则且并等是否わをがはにでとのもかだするしたてい"

// synonyms are words that may stand for one another, a group a line: forms that
// no ending tells, and the start of a thesaurus. A match through it counts
// less than the word itself.
var synonyms = synonymTable(`
maximum max most limit upper highest cap largest greatest
minimum min least lowest smallest
price cost fee charge rate
begin start commence initiate beginning launch
end finish terminate expire termination conclude stop expiry
buy purchase acquire procure
sell sale vend
employee staff worker personnel workforce headcount
pay salary wage remuneration compensation payment
allowed permitted may permissible legal valid
forbidden prohibited disallowed illegal invalid banned
len length
cap capacity
avg average
num number
qty quantity
temp temperature
info information
app application
config configuration
param parameter
arg argument
func function
var variable
const constant
int integer
char character
dir directory
env environment
choose chose chosen choice
speak spoke spoken speech
know knew known knowledge
break broke broken
steal stole stolen theft
wear wore worn
tear tore torn
win won winner victory
lose lost
think thought
teach taught
catch caught
bring brought
seek sought
fight fought
sell sold
hold held
lead led leader
feed fed
leave left
keep kept
build built builder
spend spent
lend lent loan
pay paid
lay laid
hide hid hidden
ride rode ridden
rise rose risen
drive drove driven driver
grow grew grown
throw threw thrown
fly flew flown flight
see saw seen
fall fell fallen
freeze froze frozen
stand stood
strike struck
hang hung
sink sank sunk
sing sang sung song
run ran
swim swam
meet met
sit sat
send sent
bear bore born
wake woke
shake shook
forget forgot forgotten
found founded
lie lay
bind bound binding
wind wound
divide division divisor
decide decision
extend extension
succeed success
fail failure
free release
modify mutable immutable
boss chief head ceo director manager
error fault failure mistake panic exception
delete remove erase drop discard
create make build construct produce
change modify alter amend update
show display print
read receive fetch get
write send store
fix repair mend correct
big large huge
fast quick speed rapid
buyer purchaser customer client
seller vendor supplier
landlord lessor owner
tenant lessee renter
rent lease
revenue sales turnover income
profit earnings gain
loss deficit
grow growth increase rise climb
fall decrease decline drop shrink reduce
default standard preset initial
own owner belong
child children kid
doctor physician
car vehicle automobile
company firm corporation business enterprise
duration period term length
deadline due
cancel revoke withdraw terminate
penalty fine sanction
notice notification notify inform
compare comparison equal
convert conversion
happen occur
order sequence
several multiple various
empty blank nil zero
located location situated place site
founded established founder
born birth birthday
died death dead
invent inventor invention
weight weigh heavy kg
height tall high
wide width
deep depth
temperature degrees hot cold
warranty guarantee
defect fault
address located
phone telephone
price preis kosten
kundigung kundigen kundigungsfrist beendigung
miete mietzins mietpreis
frist zeitraum dauer
beginn anfang start
ende schluss
价格 费用 售价 定价 单价 收费 票价
建造 修建 建成 动工 开工 建设 兴建
轿车 客车 汽车
奖项 获奖 荣获 获得
visible see seen view
distance far
care look
worst hardest
收入 营收 营业额
员工 职工 雇员
成立 创立 创办 建立 创建 设立
开始 起始 动工 开工
结束 终止 届满
位于 坐落 地处
最大 最高 上限 最多
最小 最低 下限 最少
董事 经理 负责
押金 保证
违约 罚金 罚款
出生 生于
去世 逝世
长度 全长 总长
面积 占地
人口 居民
`)

// synonymTable maps the stem of a word to the stems of its group's others.
func synonymTable(groups string) map[string][]string {
	m := make(map[string][]string)
	for line := range strings.Lines(groups) {
		var stems []string
		for w := range strings.FieldsSeq(line) {
			eachWord(w, func(st []byte, _, _ int) { stems = append(stems, string(st)) })
		}
		for i, a := range stems {
			for j, b := range stems {
				if i != j {
					m[a] = append(m[a], b)
				}
			}
		}
	}
	return m
}
