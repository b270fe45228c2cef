// Records what the expr module gives for expressions: reads them from standard input, one a line (⏎ stands for a line end), and writes each with a tab
// and its value, "refused" or "fails" behind it, in the form of values.txt.
//
//	cd tests/unit/expr/record && cut -f1 ../values.txt | TZ=UTC go run . > /tmp/values.txt && mv /tmp/values.txt ../values.txt
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

type env struct {
	MetricName string
	MetricType string
	attributes map[string]string
}

func (e *env) HasLabel(key string) bool { _, ok := e.attributes[key]; return ok }
func (e *env) Label(key string) string  { return e.attributes[key] }

func show(v any) string {
	switch x := v.(type) {
	case nil:
		return "nil"
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	case int64:
		return "int64 " + strconv.FormatInt(x, 10)
	case uint8:
		return "uint8 " + strconv.Itoa(int(x))
	case float64:
		return "float " + strconv.FormatFloat(x, 'g', -1, 64)
	case string:
		return quote(x)
	case []byte:
		return "b" + quote(string(x))
	case time.Time:
		return "time " + x.Format(time.RFC3339Nano) + " " + x.Location().String()
	case time.Duration:
		return "duration " + x.String()
	case time.Month:
		return "month " + strconv.Itoa(int(x))
	case time.Weekday:
		return "weekday " + strconv.Itoa(int(x))
	case *time.Location:
		return "location " + x.String()
	case *env:
		return "env"
	case env:
		return "env value"
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Func:
		return "func"
	case reflect.Slice, reflect.Array:
		if r.Kind() == reflect.Slice && r.IsNil() {
			return "nil[]"
		}
		p := map[string]string{"[]interface {}": "", "[]int": "int", "[]string": "string", "[][2]interface {}": "pairs", "[2]interface {}": "pair"}
		n, ok := p[r.Type().String()]
		if !ok {
			n = r.Type().String()
		}
		s := []string{}
		for i := 0; i < r.Len(); i++ {
			s = append(s, show(r.Index(i).Interface()))
		}
		return n + "[" + strings.Join(s, ", ") + "]"
	case reflect.Map:
		s := []string{}
		for _, k := range r.MapKeys() {
			s = append(s, show(k.Interface())+": "+show(r.MapIndex(k).Interface()))
		}
		sort.Strings(s)
		p := map[string]string{"map[string]interface {}": "", "map[interface {}]interface {}": "any", "map[interface {}][]interface {}": "groups"}
		n, ok := p[r.Type().String()]
		if !ok {
			n = r.Type().String()
		}
		return n + "{" + strings.Join(s, ", ") + "}"
	}
	return fmt.Sprintf("?%T", v)
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' || c >= 127 {
			fmt.Fprintf(&b, "\\x%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func evaluate(text string) string {
	program, err := expr.Compile(text)
	if err != nil {
		return "refused"
	}
	labels := map[string]string{"k": "v", "n": "42", "words": "b a c", "json": `{"a": [1, 2.5, "x", null, true], "b": {"c": "d"}}`, "empty": "",
		"list": "[3,1,2]", "unicode": "Grüße"}
	value, err := vm.Run(program, &env{"req", "Sum", labels})
	if err != nil {
		return "fails"
	}
	return show(value)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		fmt.Println(in.Text() + "\t" + evaluate(strings.ReplaceAll(in.Text(), "⏎", "\n")))
	}
}
