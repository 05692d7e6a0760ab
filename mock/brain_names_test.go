package mock

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestBrainsTellPeopleApartByTheWholeName(t *testing.T) {
	first := strings.Fields("Ana Bruno Clara Diego Elena Filip Greta Hugo Ines Jonas Katia Liam Marta Nils Olga Pavel Rita Sven Tara Udo Vera Wim Xenia Yann Zoe")
	last := strings.Fields("Silva Berg Costa Dahl Evers Fontaine Gruber Holm Ivanov Jansen Keller Lopez Meyer Nunez Olsen Price Quinn Rossi Stone Tanner Urban Vogel Weber Young Zeller")
	jobs := strings.Fields("welder baker pilot nurse tailor carpenter surveyor librarian chemist gardener plumber editor")
	r := rand.New(rand.NewPCG(3, 4))
	var pieces []piece
	var b strings.Builder
	type person struct{ name, job, city string }
	var people []person
	for _, k := range r.Perm(len(first) * len(last)) {
		p := person{first[k%len(first)] + " " + last[k/len(first)], jobs[r.IntN(len(jobs))], fmt.Sprintf("district %d", r.IntN(90))}
		people = append(people, p)
		fmt.Fprintf(&b, "%s works as a %s in %s and was hired in %d.\n", p.name, p.job, p.city, 1980+r.IntN(40))
		if b.Len() > 2000 {
			pieces = append(pieces, piece{"", b.String()})
			b.Reset()
		}
	}
	good := 0
	asks := []string{"What is the job of %s?", "%s was hired in which year?", "In which district does %s work?", "When was %s hired?"}
	for k := range 12 {
		p := people[k*40+3]
		ask := fmt.Sprintf(asks[k%len(asks)], p.name)
		answer, quotes := mergeAll(t, ask, readAll(t, ask, "staff.txt", pieces))
		if hit(quotes, 1, p.name, p.job) {
			good++
		} else {
			t.Logf("%q got %.150q", ask, answer)
		}
	}
	if good < 11 {
		t.Errorf("%d of 12", good)
	}
}

func TestBrainsTellChineseRecordsApart(t *testing.T) {
	family, given := []rune("王李张刘陈杨赵黄周吴"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚")
	cities := strings.Fields("西安 成都 武汉 长沙 南京 大连 青岛 厦门 昆明 合肥")
	r := rand.New(rand.NewPCG(5, 6))
	var pieces []piece
	var b strings.Builder
	var names, records []string
	for i, k := range r.Perm(len(family) * len(given) * len(given))[:1500] {
		name := string(family[k%10]) + string(given[k/10%20]) + string(given[k/200])
		rec := fmt.Sprintf("%s负责编号为%d的设备，该设备安装在%s，每%d个月检修一次。", name, 3000+i, cities[r.IntN(10)], 1+r.IntN(12))
		names, records = append(names, name), append(records, rec)
		b.WriteString(rec + "\n")
		if b.Len() > 2400 {
			pieces = append(pieces, piece{"", b.String()})
			b.Reset()
		}
	}
	good, answered := 0, 0
	asks := []string{"%s负责的设备安装在哪里？", "%s的设备多久检修一次？", "%s负责哪一台设备？"}
	for k := range 12 {
		i := k*110 + 5
		ask := fmt.Sprintf(asks[k%len(asks)], names[i])
		reads := readAll(t, ask, "设备.txt", pieces)
		answered += len(reads)
		answer, quotes := mergeAll(t, ask, reads)
		if hit(quotes, 1, records[i]) {
			good++
		} else {
			t.Logf("%q wants %q, got %.200q", ask, records[i], answer)
		}
	}
	t.Logf("%d of 12, %.1f %% of %d chunks answered", good, float64(answered)*100/12/float64(len(pieces)), len(pieces))
	if good < 10 {
		t.Errorf("%d of 12", good)
	}
}
