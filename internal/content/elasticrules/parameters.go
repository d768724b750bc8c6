// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elasticrules

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// Number is an integer that a parameter may fill in.
type Number int

// UnmarshalYAML accepts a number in quotes: a placeholder needs them.
func (n *Number) UnmarshalYAML(node *yaml.Node) error {
	value, err := strconv.Atoi(node.Value)
	*n = Number(value)
	return err
}

// fillIn replaces the placeholders of a file, such as {{int "documents"}}, by the values
// of a detection's parameters.
func fillIn(text []byte, parameters []detections.Parameter) ([]byte, error) {
	value := func(name string) (any, error) {
		for _, p := range parameters {
			if p.Name == name {
				return p.Value, nil
			}
		}
		return nil, fmt.Errorf("the detection has no parameter %q", name)
	}
	list := func(quote func(string) string, separator string) func(string) (string, error) {
		return func(name string) (string, error) {
			v, err := value(name)
			if err != nil {
				return "", err
			}
			items, ok := v.([]any)
			if !ok {
				return "", fmt.Errorf("parameter %q is no list", name)
			}
			quoted := make([]string, len(items))
			for i, item := range items {
				quoted[i] = quote(fmt.Sprint(item))
			}
			return strings.Join(quoted, separator), nil
		}
	}
	t, err := template.New("rule").Option("missingkey=error").Funcs(template.FuncMap{
		"int": value,
		// rlike is a list of alternatives of ES|QL's RLIKE, kql one of KQL's.
		"rlike": list(inRegexp, "|"),
		"kql":   list(strconv.Quote, " or "),
		// span is a time span of ES|QL.
		"span": func(name string) (string, error) {
			v, err := value(name)
			if err != nil {
				return "", err
			}
			d, err := time.ParseDuration(fmt.Sprint(v))
			return fmt.Sprintf("%d minutes", int(d.Minutes())), err
		},
	}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, nil)
	return out.Bytes(), err
}

// special are the characters that may mean something in a regular expression of Lucene.
var special = regexp.MustCompile(`[^A-Za-z0-9 _-]`)

// inRegexp is a text in lower case as a regular expression of Lucene.
func inRegexp(text string) string { return special.ReplaceAllString(strings.ToLower(text), `\$0`) }
