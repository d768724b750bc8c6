// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// ruleTests is a file of tests of promtool.
type ruleTests struct {
	Tests []ruleTest `yaml:"tests"`
}

type ruleTest struct {
	InputSeries []inputSeries `yaml:"input_series"`
	Queries     []struct {
		Expr    string `yaml:"expr"`
		Samples []struct {
			Labels string `yaml:"labels"`
		} `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
	Alerts []alertTest `yaml:"alert_rule_test"`
}

type inputSeries struct {
	Series string `yaml:"series"`
}

type alertTest struct {
	Name     string `yaml:"alertname"`
	Expected []any  `yaml:"exp_alerts"`
}

var (
	alertName  = regexp.MustCompile(`alertname="(\w+)"`)
	metricName = regexp.MustCompile(`\b(?:otelcol|kafka)_\w+`)
)

// fires tells whether the test expects an alert at some time.
func (c ruleTest) fires(alert string) bool {
	for _, query := range c.Queries {
		for _, sample := range query.Samples {
			if strings.Contains(sample.Labels, `alertname="`+alert+`"`) {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.Alerts, func(a alertTest) bool {
		return a.Name == alert && len(a.Expected) > 0
	})
}

// staysQuiet tells whether the test expects that an alert does not fire at some time
// although one of its metrics is there.
func (c ruleTest) staysQuiet(alert string, metrics []string) bool {
	if !slices.ContainsFunc(c.InputSeries, func(s inputSeries) bool {
		return slices.Contains(metrics, metricName.FindString(s.Series))
	}) {
		return false
	}
	for _, query := range c.Queries {
		only := alertName.FindStringSubmatch(query.Expr)
		if only != nil && only[1] != alert {
			continue // it asks for another alert
		}
		expected := false
		for _, sample := range query.Samples {
			expected = expected || strings.Contains(sample.Labels, `alertname="`+alert+`"`)
		}
		if !expected {
			return true
		}
	}
	for _, a := range c.Alerts {
		if a.Name == alert && len(a.Expected) == 0 {
			return true
		}
	}
	return false
}

// Every alert is tested both ways: it fires, and it does not although its metric is
// there.
func TestEveryAlertIsTested(t *testing.T) {
	for _, name := range files {
		text, err := os.ReadFile(strings.TrimSuffix(name, ".yml") + "_test.yml")
		require.NoError(t, err)
		var tests ruleTests
		require.NoError(t, yaml.Unmarshal(text, &tests))
		for _, rule := range readRules(t, name) {
			metrics := metricName.FindAllString(rule.Expr, -1)
			assert.NotEmpty(t, metrics, rule.Alert)
			assert.True(t, slices.ContainsFunc(tests.Tests, func(c ruleTest) bool { return c.fires(rule.Alert) }),
				"%s: no test expects that it fires", rule.Alert)
			assert.True(t, slices.ContainsFunc(tests.Tests, func(c ruleTest) bool { return c.staysQuiet(rule.Alert, metrics) }),
				"%s: no test expects that it does not fire", rule.Alert)
		}
	}
}
