// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package rules has the part of Elastic Security's rules that is Elastic's; see
// internal/content/elasticrules. test/content/elastic runs them.
package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

var root = filepath.Join("..", "..", "..")

// installed is a rule as users install it.
type installed struct {
	RuleID             string `json:"rule_id"`
	Name               string
	Description        string
	Note               string
	Severity           string
	RiskScore          int      `json:"risk_score"`
	FalsePositives     []string `json:"false_positives"`
	Type               string
	Language           string
	Query              string
	Index              []string
	Interval, From     string
	TimestampOverride  string `json:"timestamp_override"`
	Enabled            *bool
	Version            int
	MaxSignals         int `json:"max_signals"`
	License            string
	Tags               []string
	Threshold          *elasticrules.Threshold
	NewTermsFields     []string `json:"new_terms_fields"`
	HistoryWindowStart string   `json:"history_window_start"`
	Threat             []struct {
		Tactic    technique
		Technique []technique
	}
	RequiredFields []struct{ Name, Type string } `json:"required_fields"`
	Suppression    *struct {
		GroupBy  []string `json:"group_by"`
		Duration struct {
			Value int
			Unit  string
		}
	} `json:"alert_suppression"`
	Investigation struct {
		FieldNames []string `json:"field_names"`
	} `json:"investigation_fields"`
}

type technique struct{ ID, Name, Reference string }

// load returns the detections, and the rules that the file to import has for them.
func load(t *testing.T) ([]detections.Detection, []installed) {
	t.Helper()
	list, err := detections.Load(filepath.Join(root, "content"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "content", "elastic", "assets", "rules.ndjson"))
	require.NoError(t, err)
	var rules []installed
	for line := range strings.Lines(string(text)) {
		var rule installed
		require.NoError(t, json.Unmarshal([]byte(line), &rule))
		rules = append(rules, rule)
	}
	require.Len(t, rules, len(list), "a rule for each detection")
	return list, rules
}

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	files, err := elasticrules.Files(rules)
	require.NoError(t, err)
	assert.Len(t, files, len(rules)+1)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run make generate", name)
	}
	assets, err := filepath.Glob(filepath.Join(root, "content", "elastic", "package", "oversight", "kibana", "security_rule", "*.json"))
	require.NoError(t, err)
	assert.Len(t, assets, len(rules), "assets of rules that are no more")
	sources, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	assert.Len(t, sources, len(rules), "files of no detection")
}

func TestRulesSayWhatTheDetectionsSay(t *testing.T) {
	list, rules := load(t)
	scores := map[string]int{"low": 21, "medium": 47, "high": 73}
	for i, d := range list {
		r := rules[i]
		assert.Equal(t, "Oversight - "+d.Title, r.Name)
		assert.True(t, strings.HasPrefix(fold(r.Description), fold(d.Description)), d.ID)
		assert.Equal(t, d.Severity, r.Severity, d.ID)
		assert.Equal(t, scores[d.Severity], r.RiskScore, d.ID)
		assert.Equal(t, d.FalsePositives, r.FalsePositives, d.ID)
		assert.Contains(t, fold(r.Note), fold(d.Response), d.ID)
		var tactics, techniques []detections.Attack
		for _, threat := range r.Threat {
			tactics = append(tactics, detections.Attack{ID: threat.Tactic.ID, Name: threat.Tactic.Name})
			assert.NotEmpty(t, threat.Technique, "%s: %s has no technique", d.ID, threat.Tactic.Name)
			for _, technique := range threat.Technique {
				techniques = append(techniques, detections.Attack{ID: technique.ID, Name: technique.Name})
				assert.Equal(t, "https://attack.mitre.org/techniques/"+technique.ID+"/", technique.Reference)
			}
			assert.Contains(t, r.Tags, "Tactic: "+threat.Tactic.Name)
		}
		assert.Equal(t, d.Tactics, tactics, d.ID)
		assert.ElementsMatch(t, d.Techniques, techniques, d.ID)
		assert.Equal(t, d.Frequency, ago(t, "now-"+r.Interval), d.ID)
	}
}

// What a rule needs to run, and not to flood.
func TestRulesAreReadyToRun(t *testing.T) {
	list, rules := load(t)
	ids := map[string]string{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for i, r := range rules {
		d := list[i]
		assert.Regexp(t, uuid, r.RuleID)
		assert.Empty(t, ids[r.RuleID], "two rules have the same id")
		ids[r.RuleID] = d.ID
		require.NotNil(t, r.Enabled, "%s: the import enables it otherwise", d.ID)
		assert.False(t, *r.Enabled)
		assert.Positive(t, r.Version)
		assert.Equal(t, "Apache-2.0", r.License)
		assert.Equal(t, 100, r.MaxSignals)
		assert.Contains(t, r.Tags, "Data Source: Oversight")
		require.NotNil(t, r.Suppression, d.ID)
		assert.Equal(t, 24, r.Suppression.Duration.Value)
		assert.Equal(t, "h", r.Suppression.Duration.Unit)
		assert.LessOrEqual(t, len(r.Suppression.GroupBy), 3, "%s: Kibana takes three fields", d.ID)
		if r.Language == "esql" {
			_, kept, found := strings.Cut(r.Query, "| KEEP ")
			assert.True(t, found, d.ID)
			for _, field := range r.Suppression.GroupBy {
				assert.Contains(t, strings.Split(kept, ", "), field, "%s: alerts have only what the query keeps", d.ID)
			}
		}
		assert.Equal(t, r.Type == "threshold", len(r.Suppression.GroupBy) == 0, "%s: a threshold rule suppresses by its own groups", d.ID)
	}
}

// A rule selects by arrival, and looks back over everything that it puts together.
func TestRulesLookBackFarEnough(t *testing.T) {
	list, rules := load(t)
	const sinceLastRun = "NOW() - 70 minutes"
	for i, r := range rules {
		d := list[i]
		assert.Equal(t, "event.ingested", r.TimestampOverride, d.ID)
		lookBack := ago(t, r.From)
		assert.GreaterOrEqual(t, lookBack, d.Frequency+elasticrules.Overlap, d.ID)
		assert.LessOrEqual(t, lookBack, max(d.LookBack, d.Frequency+elasticrules.Overlap), d.ID)
		if d.Window > 0 {
			assert.Equal(t, d.LookBack, lookBack, "%s: a part of it may have arrived long ago", d.ID)
			assert.Contains(t, r.Query, sinceLastRun, "%s: it would repeat its alert", d.ID)
			assert.Contains(t, r.Query, ", @timestamp)", "%s: windows are by the time of the event", d.ID)
		}
		if r.HistoryWindowStart != "" {
			assert.Equal(t, d.LookBack, ago(t, r.HistoryWindowStart), d.ID)
		}
		assert.NotRegexp(t, `//[^\n]*$`, r.Query, "%s: Kibana adds a command behind it", d.ID)
	}
}

var (
	texts  = regexp.MustCompile(`(?s)"[^"]*"|//[^\n]*`)
	dotted = regexp.MustCompile(`@timestamp|[A-Za-z_]+(?:\.[a-z0-9_*]+)+`)
)

func TestRulesNameFieldsThatThereAre(t *testing.T) {
	list, rules := load(t)
	fields, err := elasticrules.LoadFields(root)
	require.NoError(t, err)
	require.Equal(t, "ip", fields["source.ip"])
	require.Equal(t, "date", fields["event.created"])
	require.Equal(t, "long", fields["oversight.head_size"])
	for i, r := range rules {
		id := list[i].ID
		var named []string
		for _, name := range dotted.FindAllString(texts.ReplaceAllString(r.Query, `""`), -1) {
			switch {
			case strings.HasPrefix(name, "logs-"), name == "oversight.*": // the index pattern
			case strings.HasPrefix(name, "Esql."): // what the query computes
				assert.True(t, r.Language == "esql" && (name == "Esql.*" || strings.Contains(r.Query, name+" = ")), "%s: %s", id, name)
			default:
				named = append(named, name)
			}
		}
		assert.NotEmpty(t, named, id)
		if r.Threshold != nil {
			named = append(named, r.Threshold.Field...)
			for _, c := range r.Threshold.Cardinality {
				named = append(named, c.Field)
			}
		}
		named = slices.Concat(named, r.NewTermsFields, r.Suppression.GroupBy)
		required := map[string]string{}
		for _, f := range r.RequiredFields {
			required[f.Name] = f.Type
		}
		for _, name := range append(named, "event.ingested") {
			assert.Contains(t, fields, name, id)
			assert.Equal(t, fields[name], required[name], "%s: required_fields: %s", id, name)
		}
		for _, name := range r.Investigation.FieldNames {
			_, known := fields[name]
			assert.True(t, known || strings.Contains(r.Query, name+" = "), "%s: highlights %s, which its alerts have not", id, name)
		}
	}
}

func TestRulesSearchTheDataStreams(t *testing.T) {
	list, rules := load(t)
	datasets := map[string]string{"event": "oversight.beacon", "finding": "oversight.integrity", "checkpoint": "oversight.checkpoint"}
	for i, r := range rules {
		if r.Language == "esql" {
			assert.True(t, strings.HasPrefix(r.Query, "FROM logs-oversight.*\n"), list[i].ID)
			assert.Empty(t, r.Index)
		} else {
			assert.Equal(t, []string{"logs-oversight.*"}, r.Index, list[i].ID)
		}
		for kind, dataset := range datasets {
			assert.Equal(t, slices.Contains(list[i].Data, kind), strings.Contains(r.Query, `"`+dataset+`"`), "%s: %s", list[i].ID, dataset)
		}
	}
}

func TestRulesHaveTheParametersOfTheDetections(t *testing.T) {
	list, rules := load(t)
	query := map[string]string{}
	for i, r := range rules {
		query[list[i].ID] = r.Query
		for _, p := range list[i].Parameters {
			assert.Contains(t, r.Note, "- "+p.Name+" (", list[i].ID)
		}
	}
	assert.Equal(t, 1, int(rules[0].Threshold.Cardinality[0].Value))
	assert.Contains(t, query["many_documents"], "documents >= 5 ")
	assert.Contains(t, query["far_apart"], "kilometres >= 1000 ")
	assert.Contains(t, query["gateway"], "recipients >= 3 ")
	assert.Contains(t, query["unusual_client"], "client = TO_LOWER(user_agent.original)", "RLIKE does not ignore case")
	assert.Contains(t, query["silent_pipeline"], "NOW() - 1440 minutes")
	assert.Contains(t, query["silent_collector"], "NOW() - 120 minutes")
	for _, d := range list {
		if clients := d.Strings("clients"); len(clients) > 0 {
			_, rest, _ := strings.Cut(query[d.ID], `RLIKE """.*(`)
			alternatives, _, _ := strings.Cut(rest, `).*"""`)
			assert.Equal(t, clients, strings.Split(strings.ReplaceAll(alternatives, `\`, ""), "|"), d.ID)
		}
		for _, network := range d.Strings("known_networks") {
			assert.Contains(t, query[d.ID], `"`+network+`"`)
		}
	}
}

// ago returns the duration of a time such as now-70m.
func ago(t *testing.T, text string) time.Duration {
	t.Helper()
	text, found := strings.CutPrefix(text, "now-")
	require.True(t, found, text)
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// fold makes each run of white space one space.
func fold(text string) string { return strings.Join(strings.Fields(text), " ") }

// Kibana lists a rule of a package only if its asset's id is made of the rule's id and
// version.
func TestAssetsHaveTheIDThatKibanaLooksFor(t *testing.T) {
	_, rules := load(t)
	for _, r := range rules {
		id := fmt.Sprintf("%s_%d", r.RuleID, r.Version)
		text, err := os.ReadFile(filepath.Join("..", "package", "oversight", "kibana", "security_rule", id+".json"))
		if !assert.NoError(t, err) {
			continue
		}
		var asset struct {
			ID, Type   string
			Attributes installed
		}
		require.NoError(t, json.Unmarshal(text, &asset))
		assert.Equal(t, id, asset.ID)
		assert.Equal(t, "security-rule", asset.Type)
		assert.Equal(t, r.RuleID, asset.Attributes.RuleID)
		assert.Equal(t, r.Version, asset.Attributes.Version)
	}
}
