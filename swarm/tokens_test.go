package swarm_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/tiktoken-go/tokenizer"
	"pgregory.net/rapid"
)

// The samples, with how far the guess may be from o200k_base: guess/true
// count between low and high.
var tokenSamples = []struct {
	name      string
	text      string
	low, high float64
}{
	{"English prose", `The harbour was quiet when the last ferry came in. A dozen passengers stepped off, most of them carrying baskets from the market on the other side, and walked up the hill without speaking. By the time the lamps were lit the ticket seller had counted the day's takings twice, locked the little office, and gone home to a supper of soup and bread. Nobody remembered afterwards who had left the green suitcase on the bench, although three people said they had noticed it. In the morning it was still there, dry in spite of the rain, and so heavy that the harbour master had to ask for help before he could move it.`, 0.8, 1.25},
	{"English technical", `A request that is refused with status 429 may be sent again once the interval named in the Retry-After header has passed. The client must not assume that the limit is counted per connection; it is counted per account, over a sliding window of sixty seconds. If the header is missing, an implementation should wait at least one second, double the interval after each further refusal, and give up after the deadline configured by the operator.`, 0.8, 1.25},
	{"German", `Am frühen Morgen lag Nebel über den Wiesen, und die Straße zum Bahnhof war kaum zu erkennen. Der Schaffner grüßte die wenigen Fahrgäste, prüfte ihre Fahrkarten und erklärte geduldig, weshalb der Zug heute später abfahren würde. Für die Gemeinde bedeutete die Verspätung, dass die Zeitungen erst am Nachmittag ausgetragen werden konnten.`, 0.8, 1.25},
	{"Go code", "func (p *pool) take(ctx context.Context, key string) (*slot, error) {\n\tp.mu.Lock()\n\tdefer p.mu.Unlock()\n\tfor len(p.free) == 0 {\n\t\tif err := p.wait(ctx); err != nil {\n\t\t\treturn nil, fmt.Errorf(\"take a slot for %q: %w\", key, err)\n\t\t}\n\t}\n\ts := p.free[len(p.free)-1]\n\tp.free = p.free[:len(p.free)-1]\n\ts.uses++\n\tif s.uses%1024 == 0 {\n\t\tp.log.Info(\"slot reused\", \"slot\", s.id, \"uses\", s.uses)\n\t}\n\treturn s, nil\n}\n", 0.8, 1.25},
	{"JSON", `{"id":"rec_0192","name":"Blue kettle","price":{"amount":2495,"currency":"EUR"},"tags":["kitchen","steel"],"stock":[{"place":"north","count":12},{"place":"south","count":0}],"updated":"2025-03-14T09:26:53Z"}`, 0.8, 1.25},
	{"CSV table", "id,date,region,units,price,total\n10231,2024-01-05,North,12,19.95,239.40\n10232,2024-01-05,South,7,24.50,171.50\n10233,2024-01-06,East,31,8.75,271.25\n10234,2024-01-08,West,4,149.00,596.00\n", 0.8, 1.25},
	{"Chinese", `清晨的港口十分安静,最后一班渡轮刚刚靠岸。十几位乘客提着从对岸市场买来的篮子,沿着山坡慢慢走上去,谁也没有说话。等到路灯亮起的时候,售票员已经把当天的收入数了两遍,锁好小小的办公室,回家吃晚饭去了。后来没有人记得是谁把那只绿色的箱子留在长椅上。`, 0.8, 1.25},
	{"Japanese", `朝の港はとても静かで、最後のフェリーがちょうど着いたところだった。十数人の乗客は向こう岸の市場で買った籠を手に、黙って坂道を登っていった。街灯がともるころには、切符売りはその日の売り上げを二度数え、小さな事務所に鍵をかけて、夕食のために家へ帰っていた。`, 0.8, 1.25},
	{"Korean", `아침의 항구는 무척 조용했고 마지막 배가 막 들어온 참이었다. 열 명 남짓한 승객들은 건너편 시장에서 산 바구니를 들고 말없이 언덕길을 올라갔다. 가로등이 켜질 무렵 매표원은 그날의 수입을 두 번 세고 작은 사무실의 문을 잠근 뒤 저녁을 먹으러 집으로 돌아갔다.`, 0.8, 1.25},
	{"Thai", `ท่าเรือในตอนเช้าเงียบสงบมาก เรือข้ามฟากเที่ยวสุดท้ายเพิ่งเข้าเทียบท่า ผู้โดยสารสิบกว่าคนถือตะกร้าที่ซื้อจากตลาดอีกฝั่งหนึ่งเดินขึ้นเนินไปอย่างเงียบ ๆ เมื่อไฟถนนสว่างขึ้น คนขายตั๋วก็นับรายได้ของวันนั้นสองครั้งแล้วกลับบ้านไปกินข้าวเย็น`, 0.8, 1.25},
	{"Hindi", `सुबह बंदरगाह बहुत शांत था और आखिरी नाव अभी-अभी किनारे लगी थी। दर्जन भर यात्री दूसरे किनारे के बाज़ार से खरीदी हुई टोकरियाँ लेकर चुपचाप पहाड़ी पर चढ़ गए। जब तक बत्तियाँ जलीं, टिकट बेचने वाला दिन की कमाई दो बार गिन चुका था और खाना खाने घर चला गया था।`, 0.8, 1.25},
	{"Russian", `Утром в гавани было тихо, когда пришёл последний паром. Десяток пассажиров сошли на берег с корзинами, купленными на рынке по ту сторону залива, и молча поднялись на холм. К тому времени, когда зажгли фонари, кассир дважды пересчитал выручку, запер маленькую контору и ушёл домой ужинать.`, 0.8, 1.25},
	{"Arabic", `كان الميناء هادئا في الصباح عندما وصلت العبارة الأخيرة. نزل عدد من الركاب يحملون سلالا اشتروها من السوق في الجانب الآخر، وصعدوا التل دون أن يتكلموا. وعندما أضيئت المصابيح كان بائع التذاكر قد عد دخل اليوم مرتين وأغلق المكتب الصغير وعاد إلى بيته ليتناول العشاء.`, 0.8, 1.25},
	{"Greek", `Το λιμάνι ήταν ήσυχο το πρωί όταν έφτασε το τελευταίο πλοίο. Οι επιβάτες κατέβηκαν κρατώντας καλάθια από την αγορά της απέναντι όχθης και ανέβηκαν τον λόφο χωρίς να μιλούν. Όταν άναψαν τα φώτα, ο πωλητής των εισιτηρίων είχε ήδη μετρήσει δύο φορές τις εισπράξεις της ημέρας.`, 0.8, 1.25},
	{"emoji", `Great news 🎉🎉 the ship ⛵ has arrived! 😀😃😄 See you tonight 🌙✨ bring cake 🎂🍰 and friends 👩‍👩‍👧‍👦 🇫🇷🇯🇵`, 0.8, 1.25},
	{"base64 noise", noise(600), 0.5, 1},
}

func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(b)
}

func TestEstimateTokensStaysNearO200k(t *testing.T) {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range tokenSamples {
		t.Run(s.name, func(t *testing.T) {
			want, err := codec.Count(s.text)
			if err != nil {
				t.Fatal(err)
			}
			got := swarm.EstimateTokens(s.text)
			ratio := float64(got) / float64(want)
			t.Logf("%s: %d bytes, o200k_base %d, estimate %d, ratio %.2f", s.name, len(s.text), want, got, ratio)
			if ratio < s.low || ratio > s.high {
				t.Errorf("estimate %d for %d true tokens: ratio %.2f outside %.2f to %.2f", got, want, ratio, s.low, s.high)
			}
		})
	}
}

// Chunker and pool add estimates of parts and cut texts by them.
func TestEstimateTokensIsAdditiveAndMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		ea, eb, ab := swarm.EstimateTokens(a), swarm.EstimateTokens(b), swarm.EstimateTokens(a+b)
		if ab < ea || ab < eb {
			t.Fatalf("%q+%q: %d is less than its parts %d, %d", a, b, ab, ea, eb)
		}
		if ab > ea+eb || ab < ea+eb-1 {
			t.Fatalf("%q+%q: %d is not %d+%d within one", a, b, ab, ea, eb)
		}
		if a != "" && ea == 0 {
			t.Fatalf("%q costs nothing", a)
		}
	})
}

func TestEstimateTokensCountsInvalidBytes(t *testing.T) {
	for _, s := range []string{"\xff", "\xc3", "\xe4\xb8", "\xf0\x9f"} {
		if utf8.ValidString(s) {
			t.Fatalf("%q is valid", s)
		}
		if got := swarm.EstimateTokens(s); got < 1 || got > len(s) {
			t.Errorf("EstimateTokens(%q) = %d, want 1 to %d", s, got, len(s))
		}
	}
	if got := swarm.EstimateTokens(""); got != 0 {
		t.Errorf("EstimateTokens(\"\") = %d, want 0", got)
	}
}

func TestEstimateTokensDoesNotAllocate(t *testing.T) {
	text := strings.Repeat("twenty bytes of text", 100)
	if n := testing.AllocsPerRun(10, func() { swarm.EstimateTokens(text) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkEstimateTokens(b *testing.B) {
	for _, name := range []string{"English prose", "Chinese"} {
		for _, s := range tokenSamples {
			if s.name != name {
				continue
			}
			text := strings.Repeat(s.text, 1000)
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					swarm.EstimateTokens(text)
				}
			})
		}
	}
}

func ExampleEstimateTokens() {
	fmt.Println(swarm.EstimateTokens("Four score and seven years ago"))
	// Output: 7
}
