package charset_test

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// samples are a few sentences in languages that files in old encodings are
// written in.
var samples = map[string]string{
	"German":     "Mietvertrag über Büroräume\n\nDie Kündigungsfrist für den Mieter beträgt sechs Monate. Der Vermieter darf nur aus wichtigem Grund kündigen.\nDie Schlüssel sind bis zwölf Uhr zurückzugeben; für Verlust haftet der Mieter.\n",
	"French":     "Règlement intérieur\n\nLe délai de préavis est de trois mois. L'élève prévient le secrétariat par écrit, au plus tard à la mi-août.\nOù déposer la clé : à l'accueil, après dix-huit heures dans la boîte près de l'entrée.\n",
	"Spanish":    "Contrato de alquiler\n\nEl inquilino podrá rescindir el contrato con seis meses de antelación. ¿Quién guarda las llaves? La señora Begoña, en la recepción, todos los días hábiles de la mañana.\n",
	"Portuguese": "Contrato de locação\n\nO inquilino poderá rescindir o contrato com seis meses de antecedência. A caução não será devolvida antes da inspeção das instalações, que é feita às terças-feiras.\n",
	"Italian":    "Contratto di locazione\n\nL'inquilino può recedere con un preavviso di sei mesi. Il deposito è pari a tre mensilità; così resta fino alla verifica, perché la proprietà può chiederne di più.\n",
	"Swedish":    "Hyresavtal\n\nHyresgästen får säga upp avtalet med sex månaders uppsägningstid. Nyckeln återlämnas före klockan tolv på dagen. Depositionen är tre månadshyror och förvaras på ett särskilt konto.\n",
	"Danish":     "Lejekontrakt\n\nLejeren kan opsige aftalen med seks måneders varsel. Nøglen afleveres før klokken tolv på dagen. Depositummet udgør tre måneders husleje og står på en særlig konto, når det er indbetalt.\n",
	"Finnish":    "Vuokrasopimus\n\nVuokralainen voi irtisanoa sopimuksen kuuden kuukauden irtisanomisajalla. Avain on palautettava viimeisenä päivänä ennen kello kahtatoista. Vakuus säilytetään erillisellä tilillä.\n",
	"Dutch":      "Huurcontract\n\nDe huurder kan de overeenkomst met een termijn van zes maanden opzeggen. De financiële zekerheid is één maand huur, op een aparte rekening. De coördinator heeft de sleutel.\n",
	"Polish":     "Umowa najmu\n\nNajemca może wypowiedzieć umowę z sześciomiesięcznym terminem. Kaucja wynosi trzy miesięczne czynsze i jest przechowywana na osobnym koncie. Klucze należy zwrócić przed godziną dwunastą, najpóźniej w ostatni dzień.\n",
	"Czech":      "Nájemní smlouva\n\nNájemce může smlouvu vypovědět se šestiměsíční výpovědní lhůtou. Kauce činí tři měsíční nájmy a je uložena na zvláštním účtu. Klíče je třeba vrátit poslední den před dvanáctou hodinou, žádné výjimky se nepřipouštějí.\n",
	"Hungarian":  "Bérleti szerződés\n\nA bérlő hat hónapos határidővel mondhatja fel a szerződést. Az óvadék három havi bérleti díj, és külön számlán őrzik. A kulcsot az utolsó napon délig kell visszaadni, különben a bérlő felelős érte.\n",
	"Romanian":   "Contract de închiriere\n\nChiriaşul poate denunţa contractul cu un preaviz de şase luni. Garanţia este de trei chirii lunare şi se păstrează într-un cont separat. Cheia se înapoiază în ultima zi, până la ora douăsprezece.\n",
	"Russian":    "Договор аренды\n\nАрендатор может расторгнуть договор, предупредив за шесть месяцев. Арендодатель обязан вернуть залог в течение тридцати дней. Ключи возвращают в последний день до полудня.\n",
	"Ukrainian":  "Договір оренди\n\nОрендар може розірвати договір, попередивши за шість місяців. Завдаток становить три місячні платежі і зберігається на окремому рахунку. Ключі повертають в останній день до полудня, якщо інше не домовлено.\n",
	"Bulgarian":  "Договор за наем\n\nНаемателят може да прекрати договора с шестмесечно предизвестие. Гаранцията е три месечни наема и се държи в отделна сметка. Ключовете се връщат в последния ден преди обяд.\n",
	"Greek":      "Σύμβαση μίσθωσης\n\nΟ μισθωτής μπορεί να καταγγείλει τη σύμβαση με προθεσμία έξι μηνών. Η εγγύηση είναι τρία μηνιαία μισθώματα και φυλάσσεται σε ξεχωριστό λογαριασμό. Τα κλειδιά επιστρέφονται πριν από το μεσημέρι.\n",
	"Turkish":    "Kira sözleşmesi\n\nKiracı sözleşmeyi altı ay önceden haber vererek feshedebilir. Depozito üç aylık kiradır ve ayrı bir hesapta tutulur. Anahtarlar son gün öğleden önce geri verilmelidir; kaybından kiracı sorumludur.\n",
	"Hebrew":     "חוזה שכירות\n\nהשוכר רשאי לבטל את החוזה בהודעה של שישה חודשים מראש. הפיקדון הוא שלושה חודשי שכירות ונשמר בחשבון נפרד. את המפתחות יש להחזיר ביום האחרון לפני הצהריים.\n",
	"Arabic":     "عقد إيجار\n\nيجوز للمستأجر إنهاء العقد بإشعار مدته ستة أشهر. مبلغ التأمين هو إيجار ثلاثة أشهر ويحفظ في حساب منفصل. تعاد المفاتيح في اليوم الأخير قبل الظهر.\n",
	"Lithuanian": "Nuomos sutartis\n\nNuomininkas gali nutraukti sutartį įspėjęs prieš šešis mėnesius. Užstatas yra trijų mėnesių nuoma ir laikomas atskiroje sąskaitoje. Raktus būtina grąžinti paskutinę dieną iki vidurdienio.\n",
	"Croatian":   "Ugovor o najmu\n\nNajmoprimac može otkazati ugovor uz otkazni rok od šest mjeseci. Jamčevina iznosi tri mjesečne najamnine i čuva se na posebnom računu. Ključeve treba vratiti posljednjeg dana prije podneva, najkasnije u dvanaest sati.\n",
	"Slovak":     "Nájomná zmluva\n\nNájomca môže zmluvu vypovedať so šesťmesačnou výpovednou lehotou. Kaucia predstavuje tri mesačné nájmy a je uložená na osobitnom účte. Kľúče treba vrátiť v posledný deň pred dvanástou hodinou.\n",
	"Serbian":    "Уговор о закупу\n\nЗакупац може раскинути уговор уз отказни рок од шест месеци. Депозит износи три месечне закупнине и чува се на посебном рачуну. Кључеве треба вратити последњег дана пре поднева.\n",
	"Icelandic":  "Leigusamningur\n\nLeigjandi getur sagt upp samningnum með sex mánaða fyrirvara. Tryggingin nemur þriggja mánaða leigu og er geymd á sérstökum reikningi. Lyklum skal skilað síðasta daginn fyrir hádegi.\n",
	"Catalan":    "Contracte de lloguer\n\nL'arrendatari pot rescindir el contracte amb sis mesos d'antelació. La fiança és de tres mensualitats i es guarda en un compte a part. Les claus s'han de tornar l'últim dia abans del migdia.\n",
	"Estonian":   "Üürileping\n\nÜürnik võib lepingu üles öelda kuuekuulise etteteatamisega. Tagatisraha on kolme kuu üür ja seda hoitakse eraldi kontol. Võtmed tuleb tagastada viimasel päeval enne lõunat.\n",
	"English":    "Lease\n\nThe tenant’s notice is six months; “fixed term” means five years – no more. The landlord’s deposit is £900.\nThe keys must be returned before noon on the last day; the café on the ground floor keeps a spare.\n",
	"Thai":       "สัญญาเช่า\n\nผู้เช่าอาจบอกเลิกสัญญาได้โดยแจ้งล่วงหน้าหกเดือน เงินประกันคือค่าเช่าสามเดือนและเก็บไว้ในบัญชีแยกต่างหาก ต้องคืนกุญแจในวันสุดท้ายก่อนเที่ยงวัน\n",
	"Chinese":    "租赁合同\n\n第二条 解除\n\n承租人可以提前六个月书面通知出租人解除合同。押金应于三十日内退还。\n\n第三条 钥匙\n\n钥匙应在最后一天中午以前交还给出租人。\n",
	"Taiwanese":  "租賃合約\n\n第二條 解除\n\n承租人可以提前六個月以書面通知出租人解除合約。押金應於三十日內退還。\n\n第三條 鑰匙\n\n鑰匙應在最後一天中午以前交還給出租人。\n",
	"Japanese":   "賃貸契約書\n\n第二条 解約\n\n借主は六か月前に書面で通知して解約することができる。敷金は三十日以内に返す。\n\n第三条 鍵\n\n鍵は最後の日の正午までに返すこと。\n",
	"Korean":     "임대차 계약서\n\n제2조 해지\n\n임차인은 여섯 달 전에 서면으로 알리고 계약을 해지할 수 있다. 보증금은 삼십 일 안에 돌려준다.\n\n열쇠는 마지막 날 정오까지 돌려주어야 한다.\n",
}

var (
	western  = []string{"German", "French", "Spanish", "Portuguese", "Italian", "Swedish", "Danish", "Finnish", "Dutch", "Icelandic", "Catalan", "Estonian"}
	central  = []string{"Polish", "Czech", "Hungarian", "Romanian", "German", "Croatian", "Slovak"}
	cyrillic = []string{"Russian", "Bulgarian"}
	all      = []string{"German", "French", "Polish", "Russian", "Greek", "Hebrew", "Arabic", "Thai", "Chinese", "Taiwanese", "Japanese", "Korean"}
)

// encodings are those that samples are written in.
var encodings = []struct {
	name  string
	e     encoding.Encoding
	langs []string
}{
	{"windows-1252", charmap.Windows1252, append([]string{"English"}, western...)},
	{"iso-8859-1", charmap.ISO8859_1, western},
	{"iso-8859-15", charmap.ISO8859_15, western},
	{"macintosh", charmap.Macintosh, append([]string{"English"}, western[:9]...)},
	{"ibm850", charmap.CodePage850, western},
	{"windows-1250", charmap.Windows1250, central},
	{"iso-8859-2", charmap.ISO8859_2, central},
	{"windows-1251", charmap.Windows1251, append(cyrillic, "Ukrainian", "Serbian")},
	{"koi8-r", charmap.KOI8R, cyrillic},
	{"koi8-u", charmap.KOI8U, append(cyrillic, "Ukrainian")},
	{"iso-8859-5", charmap.ISO8859_5, append(cyrillic, "Ukrainian", "Serbian")},
	{"ibm866", charmap.CodePage866, cyrillic},
	{"x-mac-cyrillic", charmap.MacintoshCyrillic, append(cyrillic, "Ukrainian", "Serbian")},
	{"windows-1253", charmap.Windows1253, []string{"Greek"}},
	{"iso-8859-7", charmap.ISO8859_7, []string{"Greek"}},
	{"windows-1254", charmap.Windows1254, []string{"Turkish"}},
	{"windows-1255", charmap.Windows1255, []string{"Hebrew"}},
	{"iso-8859-8", charmap.ISO8859_8, []string{"Hebrew"}},
	{"windows-1256", charmap.Windows1256, []string{"Arabic"}},
	{"iso-8859-6", charmap.ISO8859_6, []string{"Arabic"}},
	{"windows-1257", charmap.Windows1257, []string{"Lithuanian"}},
	{"windows-874", charmap.Windows874, []string{"Thai"}},
	{"gbk", simplifiedchinese.GBK, []string{"Chinese", "Taiwanese"}},
	{"gb18030", simplifiedchinese.GB18030, []string{"Chinese", "Taiwanese", "Japanese"}},
	{"big5", traditionalchinese.Big5, []string{"Taiwanese"}},
	{"shift_jis", japanese.ShiftJIS, []string{"Japanese"}},
	{"euc-jp", japanese.EUCJP, []string{"Japanese"}},
	{"iso-2022-jp", japanese.ISO2022JP, []string{"Japanese"}},
	{"euc-kr", korean.EUCKR, []string{"Korean"}},
	{"utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), all},
	{"utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), all},
	{"utf-32le", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), all},
	{"utf-32be", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), all},
}
