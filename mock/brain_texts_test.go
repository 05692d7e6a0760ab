package mock

import (
	"strings"
	"testing"
)

type asked struct {
	ask  string
	want []string // in one of the first three quotes; none: nothing answers
}

func checkTexts(t *testing.T, name, text string, size int, questions []asked, most int) {
	t.Helper()
	pieces := cutText(text, size)
	bad := 0
	for _, q := range questions {
		reads := readAll(t, q.ask, name, pieces)
		answer, quotes := mergeAll(t, q.ask, reads)
		switch {
		case len(q.want) == 0 && len(quotes) > 0:
			bad++
			t.Logf("%s: %q is not answered, got %q", name, q.ask, answer)
		case len(q.want) > 0 && !hit(quotes, 3, q.want...):
			bad++
			t.Logf("%s: %q wants %q, got %q from %d reads of %d", name, q.ask, q.want, answer, len(reads), len(pieces))
		}
	}
	t.Logf("%s: %d of %d right in %d chunks", name, len(questions)-bad, len(questions), len(pieces))
	if bad > most {
		t.Errorf("%s: %d of %d wrong", name, bad, len(questions))
	}
}

const chineseText = `# 青岚大桥志

## 第一章 概况

青岚大桥位于澜江下游，连接东岸的梅溪县与西岸的白石镇。大桥全长2847米，其中主桥长1120米，桥面宽33.5米，设双向六车道。大桥由省交通规划院设计，总设计师是沈若谦。

大桥于2009年3月动工，2013年10月28日建成通车。工程总投资为18.6亿元，其中省财政承担四成，其余由银行贷款解决。

## 第二章 结构

主桥采用双塔斜拉结构，两座主塔高196米，由高强度混凝土浇筑而成。每座主塔两侧各设24对斜拉索，最长的一根达到312米。

桥墩基础采用直径2.8米的钻孔灌注桩，最深的桩深入江底岩层87米。为防止船舶撞击，主墩周围设有钢制防撞套箱。

## 第三章 运营

大桥由青岚路桥公司负责养护管理，公司现有职工146人。小客车每次通行收费25元，货车按载重计费。每逢国家法定节假日，七座以下的小客车免费通行。

桥上最高限速为每小时80公里。遇到八级以上大风时，管理方将封闭大桥；能见度低于五十米时同样禁止通行。

## 第四章 大事记

2016年夏季，澜江发生特大洪水，大桥因桥墩冲刷加剧停运九天。2019年，桥面铺装层全部更换，费用为4300万元。

2021年，大桥获得国家优质工程奖。同年，桥头公园对市民开放，园内建有一座展示造桥历史的陈列馆。
`

func TestBrainsReadChinese(t *testing.T) {
	checkTexts(t, "青岚大桥志.md", chineseText, 500, []asked{
		{"青岚大桥有多长？", []string{"2847"}},
		{"大桥的总设计师是谁？", []string{"沈若谦"}},
		{"大桥是什么时候开始建造的？", []string{"2009年3月"}},
		{"主塔有多高？", []string{"196"}},
		{"小轿车过桥要交多少钱？", []string{"25元"}},
		{"什么天气会封桥？", []string{"大风"}},
		{"洪水使大桥停运了几天？", []string{"九天"}},
		{"负责养护的公司有多少员工？", []string{"146"}},
		{"大桥得过什么奖？", []string{"优质工程奖"}},
		{"桥上限速多少？", []string{"80公里"}},
		{"附近的机场在哪里？", nil},
	}, 1)
}

const contractText = `LEASE AGREEMENT

between Hallam Estates Ltd ("the Landlord") and Pryce & Daughters Bakery ("the Tenant").

1. Premises

1.1 The Landlord lets to the Tenant the ground floor of 14 Fuller Street, comprising a shop of 85 square metres and a cellar.

1.2 The cellar may be used for storage only.

2. Term

2.1 This Agreement commences on 1 May 2023 and runs for five years.

2.2 Either party may terminate this Agreement by giving six months' written notice to the end of a calendar quarter, but not before the end of the second year.

3. Rent

3.1 The monthly rent is EUR 2,450 plus value added tax, payable in advance on the third working day of each month.

3.2 If a payment is more than ten days late, the Tenant owes interest at nine per cent per year on the overdue amount.

3.3 The rent is reviewed each January in line with the consumer price index; it shall not rise by more than four per cent in any year.

4. Deposit

4.1 Before taking possession the Tenant shall pay a security of three monthly rents. It is held in a separate account and returned within sixty days after the premises have been handed back.

5. Repairs

5.1 The Landlord keeps the roof, the outer walls and the heating in good order. All other repairs up to EUR 300 in each case are borne by the Tenant.

5.2 Structural alterations require the Landlord's prior consent in writing.

6. Subletting

6.1 The Tenant must not sublet the premises or any part of them.

7. Law

7.1 This Agreement is governed by the laws of Ireland. The courts of Cork have exclusive jurisdiction.
`

func TestBrainsReadAContract(t *testing.T) {
	checkTexts(t, "lease.txt", contractText, 700, []asked{
		{"How much notice must be given to end the lease?", []string{"six months"}},
		{"How much is the rent per month?", []string{"2,450"}},
		{"What interest is due on late payments?", []string{"nine per cent"}},
		{"How large is the deposit?", []string{"three monthly rents"}},
		{"Who is responsible for repairing the roof?", []string{"Landlord keeps the roof"}},
		{"Is the tenant allowed to sublet?", []string{"must not sublet"}},
		{"Which courts have jurisdiction?", []string{"Cork"}},
		{"When does the agreement start?", []string{"1 May 2023"}},
		{"By how much may the rent increase in a year at most?", []string{"four per cent"}},
		{"What may the cellar be used for?", []string{"storage"}},
		{"How many parking spaces belong to the flat?", nil},
	}, 1)
}

const dialogueText = `Interview with Ana Ruiz, keeper of the Cape Torn lighthouse

Q: How long have you been working here?
A: Since the spring of 1998. Before that I was a cook on a ferry.

Q: What was the hardest winter?
A: That was 2010, without a doubt. We were cut off for nineteen days and lived on rice and tinned fish.

Q: Do you live here alone?
A: No, with my brother Mateo and two dogs. He looks after the generator.

Q: How far can the light be seen?
A: On a clear night twenty-six nautical miles. In fog you are lucky to see it from the jetty.

Q: What will happen when you retire?
A: The authority wants to automate everything by 2031. They offered me a flat in the harbour, but I have not decided.

Q: Have you ever saved anybody?
A: Three fishermen, in August 2004. Their boat had lost its rudder and drifted onto the Needles.
`

func TestBrainsReadADialogue(t *testing.T) {
	checkTexts(t, "interview.txt", dialogueText, 500, []asked{
		{"Since when has Ana Ruiz worked at the lighthouse?", []string{"1998"}},
		{"Which winter was the worst?", []string{"2010"}},
		{"Who takes care of the generator?", []string{"Mateo"}},
		{"From what distance is the light visible?", []string{"twenty-six"}},
		{"How many fishermen were rescued?", []string{"Three"}},
		{"By when is the lighthouse to be automated?", []string{"2031"}},
		{"What does the ferry ticket cost?", nil},
	}, 1)
}

const reportText = `# Norvia Instruments: Annual Report 2024

## Letter to shareholders

Dear shareholders, 2024 was a demanding year. Orders were slow in the first half and recovered from August on. The board proposes a dividend of 1.15 euros per share.

## Key figures

| Million euros | 2022 | 2023 | 2024 |
|---|---|---|---|
| Revenue | 412.6 | 455.0 | 438.2 |
| Gross profit | 160.3 | 171.9 | 158.8 |
| Operating income | 48.1 | 52.7 | 39.4 |
| Net debt | 88.0 | 91.5 | 76.2 |
| Research and development | 30.2 | 34.8 | 37.1 |

## Segments

| Segment | Head office | Employees | Revenue share |
|---|---|---|---|
| Optics | Jena | 1,120 | 46 % |
| Sensors | Linz | 870 | 31 % |
| Services | Leeds | 394 | 23 % |

The Optics segment lost two large customers in Asia. Sensors grew by seven per cent, driven by the car industry.

## Governance

Helena Brock has chaired the supervisory board since 2019. The chief executive officer is Tom Aldair; Ingrid Sole became chief financial officer in March 2024, following the retirement of Paul Renner.

## Risks

The group hedges at least 60 per cent of its dollar exposure for twelve months ahead. A cyber attack in October interrupted production in Linz for four days.

## Outlook

For 2025 the board expects revenue between 450 and 470 million euros.
`

func TestBrainsReadAReportWithTables(t *testing.T) {
	checkTexts(t, "report.md", reportText, 700, []asked{
		{"What was the operating income in 2024?", []string{"Operating income", "39.4"}},
		{"How many employees does the Sensors segment have?", []string{"Sensors", "870"}},
		{"How high was net debt?", []string{"76.2"}},
		{"Where is the head office of the Services segment?", []string{"Leeds"}},
		{"Who is the CFO of the company?", []string{"Ingrid Sole"}},
		{"Who heads the supervisory board?", []string{"Helena Brock"}},
		{"What dividend is proposed?", []string{"1.15"}},
		{"How long was production interrupted by the cyber attack?", []string{"four days"}},
		{"What revenue is expected for 2025?", []string{"450 and 470"}},
		{"How much was spent on research and development?", []string{"37.1"}},
		{"How many trucks does the group own?", nil},
	}, 1)
}

const germanText = `Bedienungsanleitung Kaffeemaschine KM 400

Erste Inbetriebnahme

Füllen Sie den Wassertank mit höchstens 1,8 Litern frischem Wasser. Spülen Sie das Gerät vor dem ersten Gebrauch zweimal ohne Kaffee durch.

Reinigung

Die Brühgruppe wird einmal in der Woche unter fließendem Wasser gereinigt. Spülmittel darf dabei nicht verwendet werden.

Entkalken

Das Gerät meldet sich nach etwa 200 Tassen. Verwenden Sie nur das Mittel KX-5; Essig beschädigt die Dichtungen.

Garantie

Der Hersteller gewährt drei Jahre Garantie ab dem Kaufdatum. Schäden durch Kalk sind davon ausgenommen.
`

func TestBrainsReadGerman(t *testing.T) {
	checkTexts(t, "anleitung.txt", germanText, 300, []asked{
		{"Wie viel Wasser passt in den Tank?", []string{"1,8 Litern"}},
		{"Wie oft muss die Brühgruppe gereinigt werden?", []string{"einmal in der Woche"}},
		{"Warum soll man keinen Essig nehmen?", []string{"Dichtungen"}},
		{"Wie lange gilt die Garantie?", []string{"drei Jahre"}},
	}, 1)
	answer, _ := mergeAll(t, "Welche Farbe hat das Netzkabel?", readAll(t, "Welche Farbe hat das Netzkabel?", "anleitung.txt", cutText(germanText, 300)))
	if !strings.Contains(answer, "beantworten diese Frage nicht") {
		t.Errorf("a question without an answer got %q", answer)
	}
}
