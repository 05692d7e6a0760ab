package mock

import (
	"strings"
	"testing"
)

func TestBrainsFollowATalkFromTurnToTurn(t *testing.T) {
	text := `The parish evening, as it was taken down

DORA BELL: Let us come to the windmill. Mr. Quaid has been up there.

MR. QUAID: It has stood for two hundred and thirty years. A beam under the cap is rotten.

LENA: And the bakery, will it shut?

DORA BELL: The baker told me so himself.

LENA: Why is that?

DORA BELL: He finds no apprentice. Flour has become dear as well.

MR. QUAID: We shall need a van then, to fetch bread from Orley.
`
	checkTexts(t, "evening.txt", text, 2000, []asked{
		{"How old is the windmill?", []string{"two hundred and thirty"}},
		{"What is rotten in the windmill?", []string{"beam"}},
		{"Why will the bakery shut?", []string{"no apprentice"}},
		{"Where will bread be fetched from?", []string{"Orley"}},
	}, 0)
}

func TestBrainsReadJustifiedLines(t *testing.T) {
	text := "DESCRIPTION\n" +
		"       pack   stores   files   with   the   sliding  window  of  a  dictionary\n" +
		"       algorithm.   Packing   is   slower   than   with   other   programs   of\n" +
		"       its   kind,   and   unpacking   is   twice   as   fast.   The  dictionary\n" +
		"       takes   sixteen   megabytes   unless   told  otherwise.\n"
	checkTexts(t, "pack.1", text, 2000, []asked{
		{"Which algorithm does pack use to store files?", []string{"sliding window", "dictionary algorithm"}},
		{"How much memory does the dictionary take?", []string{"dictionary takes sixteen megabytes"}},
	}, 0)
}

func TestBrainsJoinABulletWithWhatItNames(t *testing.T) {
	text := "The flags of a section:\n\n- KEEP = 1\nThe linker leaves the section alone even where nothing refers to it.\n- COLD = 2\nThe section is put behind all others, since it is seldom run.\n- ONCE = 4\nOf several such sections one is taken.\n"
	checkTexts(t, "flags.md", text, 2000, []asked{
		{"What does COLD mean?", []string{"behind all others"}},
		{"What does the KEEP flag do?", []string{"leaves the section alone"}},
	}, 0)
}

func TestBrainsReadRowsSetApartByCommas(t *testing.T) {
	text := "id,name,town,since,wage\n100,Ada Lund,Graz,2008-01-15,38000\n101,\"Reyes, Bo\",Kobe,2009-02-15,38731\n102,Cy Tran,Split,2010-03-15,39462\n103,Dee Okafor,Oslo,2011-04-15,40193\n104,Eli Marsh,Lyon,2012-05-15,40924\n"
	checkTexts(t, "staff.csv", text, 2000, []asked{
		{"What is the wage of Cy Tran?", []string{"39462"}},
		{"In which town does Dee Okafor work?", []string{"Oslo"}},
	}, 0)
	found := readAll(t, "What is the wage of Cy Tran?", "staff.csv", []piece{{"", text}})
	if len(found) != 1 || found[0].Quote != "102,Cy Tran,Split,2010-03-15,39462" {
		t.Errorf("%+v, want one row", found)
	}
}

func TestBrainsTakeNoListForATable(t *testing.T) {
	for text, asks := range map[string][2]string{
		"Monday: soup, bread, cheese\nTuesday: fish, rice, salad\nWednesday: stew, beans, fruit\n":       {"What is served on Monday?", "soup"},
		"Tom: I like tea, milk, and sugar\nAnna: I like juice, ice, and mint\nBob: Water, still, cold\n": {"What does Tom like?", "tea"},
		"Bern, Main Street, Switzerland\nWien, Ring Road, Austria\nOslo, Harbour Lane, Norway\n":         {"In which street is the office in Bern?", "Main Street"},
	} {
		found := readAll(t, asks[0], "list.txt", []piece{{"", text}})
		if len(found) == 0 || !strings.Contains(found[0].Quote, asks[1]) {
			t.Errorf("%q: %+v, want %s", asks[0], found, asks[1])
		}
	}
}

func TestPassagesAreShortWhereLinesAreNot(t *testing.T) {
	long := strings.Repeat("and the wind went over the fields, over the hill, ", 20_000)
	for _, text := range []string{"{\n \"oak\": 1\n} " + long, long + "\n" + long + "\noak, ash, elm\n"} {
		reply, err := SmallBrain(t.Context(), smallRequest("How old is the oak?", "long.txt", piece{"", text}))
		if err != nil || len(reply.Text) > 10_000 {
			t.Errorf("%v, %d bytes", err, len(reply.Text))
		}
	}
}

func TestBrainsReadRecordsOfSeveralLines(t *testing.T) {
	for name, text := range map[string]string{
		"staff.json": "[\n  {\n    \"name\": \"Ada Lund\",\n    \"town\": \"Graz\",\n    \"wage\": 38000\n  },\n  {\n    \"name\": \"Cy Tran\",\n    \"town\": \"Split\",\n    \"wage\": 39462\n  },\n  {\n    \"name\": \"Eli Marsh\",\n    \"town\": \"Lyon\",\n    \"wage\": 40924\n  }\n]\n",
		"staff.yaml": "staff:\n- name: Ada Lund\n  town: Graz\n  wage: 38000\n- name: Cy Tran\n  town: Split\n  wage: 39462\n- name: Eli Marsh\n  town: Lyon\n  wage: 40924\n",
	} {
		for question, want := range map[string]string{"What is the wage of Cy Tran?": "39462", "In which town does Eli Marsh work?": "Lyon"} {
			found := readAll(t, question, name, []piece{{"", text}})
			if len(found) != 1 || !strings.Contains(found[0].Quote, want) || strings.Contains(found[0].Quote, "38000") {
				t.Errorf("%s: %q: %+v, want one record with %s", name, question, found, want)
			}
		}
	}
}
