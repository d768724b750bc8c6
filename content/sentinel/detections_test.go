// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// Every detection is a rule, and every rule is a detection, in all that
// content/detections.yaml says about it.
func TestRulesAreDetections(t *testing.T) {
	list, err := detections.Load("..")
	require.NoError(t, err)
	rules := make(map[string]alertRule)
	for _, rule := range readRules(t) {
		rules[rule.Name] = rule
	}
	assert.Len(t, rules, len(list))
	for _, d := range list {
		t.Run(d.ID, func(t *testing.T) {
			rule, found := rules[d.Name()]
			require.True(t, found, "no rule is called %s", d.Name())
			assert.Equal(t, d.Severity, strings.ToLower(rule.Severity))
			assert.Equal(t, d.Frequency, duration(t, rule.QueryFrequency))
			assert.Equal(t, d.LookBack, duration(t, rule.QueryPeriod))
			checkDescription(t, &d, rule.Description)
			checkAttack(t, &d, &rule)
			checkParameters(t, &d, rule.Query)
			assert.ElementsMatch(t, groupColumns(t, &d), groups(t, rule.Query), "one alert for each of these")
		})
	}
}

// checkDescription asks for the description at the beginning, and then for what else may
// be the cause and what to do.
func checkDescription(t *testing.T, d *detections.Detection, description string) {
	t.Helper()
	text := strings.Join(strings.Fields(description), " ")
	assert.True(t, strings.HasPrefix(text, d.Description+" "), "%q begins with %q", text, d.Description)
	assert.Contains(t, text, " Other causes: - "+strings.Join(d.FalsePositives, " - ")+" ")
	assert.True(t, strings.HasSuffix(text, " What to do: "+d.Response), "%q ends with %q", text, d.Response)
}

// checkAttack compares tactics and techniques. Microsoft Sentinel writes tactics without
// spaces.
func checkAttack(t *testing.T, d *detections.Detection, rule *alertRule) {
	t.Helper()
	var tactics, techniques []string
	for _, tactic := range d.Tactics {
		tactics = append(tactics, strings.ReplaceAll(tactic.Name, " ", ""))
	}
	for _, technique := range d.Techniques {
		techniques = append(techniques, technique.ID)
	}
	assert.Equal(t, tactics, rule.Tactics)
	assert.Equal(t, techniques, rule.RelevantTechniques)
}

var (
	letLine    = regexp.MustCompile(`(?ms)^let (\w+) = (.+?);(?:\s*//[^\n]*)?$`)
	snakeCase  = regexp.MustCompile(`_([a-z])`)
	byAtTheEnd = regexp.MustCompile(`(?m)\bby ([\w, ]+)$`)
	sorting    = regexp.MustCompile(`(?m)^\| sort by .*$`)
)

// checkParameters asks for a line `let NAME = VALUE;` with the value of each parameter, and
// of the window.
func checkParameters(t *testing.T, d *detections.Detection, query string) {
	t.Helper()
	lets := make(map[string]string)
	for _, match := range letLine.FindAllStringSubmatch(query, -1) {
		lets[match[1]] = match[2]
	}
	parameters := d.Parameters
	if d.Window > 0 {
		parameters = append(parameters, detections.Parameter{Name: "window", Value: d.Window.String()})
	}
	if slot, found := lets["slot"]; found {
		assert.Equal(t, d.Window, 12*duration(t, slot), "a window begins every twelfth of one")
	}
	for _, p := range parameters {
		name := snakeCase.ReplaceAllStringFunc(p.Name, func(text string) string { return strings.ToUpper(text[1:]) })
		require.Contains(t, lets, name)
		if list := d.Strings(p.Name); list != nil {
			var values []string
			unmarshal(t, strings.TrimSuffix(strings.TrimPrefix(lets[name], "dynamic("), ")"), &values)
			assert.Equal(t, list, values, name)
		} else {
			assert.Equal(t, literal(p.Value), literal(lets[name]), name)
		}
	}
}

// literal writes a value as KQL does, and all durations in one way.
func literal(value any) string {
	if text, ok := value.(string); ok {
		if span, err := time.ParseDuration(text); err == nil {
			return span.String()
		}
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(text)
}

// groupColumns is by which columns a rule has to group.
func groupColumns(t *testing.T, d *detections.Detection) []string {
	t.Helper()
	columns := map[string]string{
		"registry_id": "RegistryId", "source_ip": "Address", "recipient_id": "RecipientId", "file_id": "FileId", "user_agent": "UserAgent",
		"integrity_kind": "IntegrityKind", "collector": "Collector", "receiver": "Receiver", "head_size": "HeadSize",
	}
	var names []string
	for _, name := range d.GroupBy {
		require.Contains(t, columns, name)
		names = append(names, columns[name])
	}
	return names
}

// groups is by which columns a query groups its result.
func groups(t *testing.T, query string) []string {
	t.Helper()
	all := byAtTheEnd.FindAllStringSubmatch(sorting.ReplaceAllString(query, ""), -1)
	require.NotEmpty(t, all)
	return strings.Split(all[len(all)-1][1], ", ")
}
