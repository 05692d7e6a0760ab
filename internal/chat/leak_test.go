package chat

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestErrorsTellNothingOfWhatAServerEchoes(t *testing.T) {
	prompt := "租金每月一日支付，押金为两个月租金，不得转租。"
	for name, c := range map[string]struct {
		body  string
		class swarm.Class
		leak  string
	}{
		"prompt":            {`{"error":{"message":"cannot take: ` + prompt + `"}}`, swarm.ClassInvalid, "押金"},
		"prompt as JSON":    {`{"error":{"message":"cannot take: {\"content\":\"\\u79df\\u91d1\\u6bcf\\u6708\\u4e00\\u65e5\\u652f\\u4ed8\\uff0c\\u62bc\\u91d1\\u4e3a\\u4e24\\u4e2a\\u6708\\u79df\\u91d1\"}"}}`, swarm.ClassInvalid, "u62bc"},
		"address as code":   {`{"error":{"message":"no","code":"http://10.0.0.7/internal"}}`, swarm.ClassInvalid, "10.0.0.7"},
		"address as param":  {`{"error":{"message":"no","param":"http://10.0.0.7/internal"}}`, swarm.ClassInvalid, "10.0.0.7"},
		"another's key":     {`{"error":{"message":"no","param":"sk-live-9f8e7d6c5b4a"}}`, swarm.ClassInvalid, "9f8e7d"},
		"key as the finish": {strings.Replace(okBody, `"stop"`, `"`+testKey+`"`, 1), swarm.ClassBroken, "7f3a9c51e2"},
	} {
		status := 400
		if c.class == swarm.ClassBroken {
			status = 200
		}
		r := ask()
		r.Messages[1].Content = prompt
		_, err := client(t, says(status, c.body)).Attempt(t.Context(), r)
		e := callError(t, err, c.class)
		if strings.Contains(e.Error()+e.Code, c.leak) {
			t.Errorf("%s: %q, code %q", name, e, e.Code)
		}
	}
}
