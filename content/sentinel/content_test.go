// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// alertRule is an analytic rule in the format of Microsoft's community
// repository, https://github.com/Azure/Azure-Sentinel/wiki/Query-Style-Guide.
type alertRule struct {
	ID                     string            `yaml:"id"`
	Name                   string            `yaml:"name"`
	Description            string            `yaml:"description"`
	Severity               string            `yaml:"severity"`
	Status                 string            `yaml:"status"`
	RequiredDataConnectors []any             `yaml:"requiredDataConnectors"`
	QueryFrequency         string            `yaml:"queryFrequency"`
	QueryPeriod            string            `yaml:"queryPeriod"`
	TriggerOperator        string            `yaml:"triggerOperator"`
	TriggerThreshold       *int              `yaml:"triggerThreshold"`
	Tactics                []string          `yaml:"tactics"`
	RelevantTechniques     []string          `yaml:"relevantTechniques"`
	Query                  string            `yaml:"query"`
	EntityMappings         []entityMapping   `yaml:"entityMappings"`
	CustomDetails          map[string]string `yaml:"customDetails"`
	EventGroupingSettings  map[string]string `yaml:"eventGroupingSettings"`
	Version                string            `yaml:"version"`
	Kind                   string            `yaml:"kind"`
}

type entityMapping struct {
	EntityType    string `yaml:"entityType"`
	FieldMappings []struct {
		Identifier string `yaml:"identifier"`
		ColumnName string `yaml:"columnName"`
	} `yaml:"fieldMappings"`
}

func readRules(t *testing.T) map[string]alertRule {
	t.Helper()
	files, err := filepath.Glob("rules/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	rules := make(map[string]alertRule)
	for _, file := range files {
		require.Equal(t, ".yaml", filepath.Ext(file))
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(readFile(t, file))))
		decoder.KnownFields(true)
		var rule alertRule
		require.NoError(t, decoder.Decode(&rule), file)
		rules[file] = rule
	}
	return rules
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

var span = regexp.MustCompile(`^([1-9]\d*)([mhd])$`)

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	match := span.FindStringSubmatch(text)
	require.NotNil(t, match, "%q is no duration such as 5m, 1h or 14d", text)
	n, err := strconv.Atoi(match[1])
	require.NoError(t, err)
	return time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[match[2]]
}

// identifiers are those of the entities of Microsoft Sentinel that the rules use. The
// name of an account has no domain: that is its UPNSuffix.
// https://learn.microsoft.com/azure/sentinel/entities-reference
var identifiers = map[string][]string{
	"Account":          {"FullName", "Name", "UPNSuffix"},
	"CloudApplication": {"Name"},
	"IP":               {"Address"},
}

// ruleKeys is the order of the keys in the community repository.
var ruleKeys = []string{
	"id", "name", "description", "severity", "status", "requiredDataConnectors", "queryFrequency", "queryPeriod", "triggerOperator",
	"triggerThreshold", "tactics", "relevantTechniques", "query", "entityMappings", "customDetails", "eventGroupingSettings", "version", "kind",
}

// The keys of every rule are in the community repository's order.
func TestOrderOfKeys(t *testing.T) {
	for file := range readRules(t) {
		var document yaml.Node
		require.NoError(t, yaml.Unmarshal([]byte(readFile(t, file)), &document))
		var keys []string
		for i, node := range document.Content[0].Content {
			if i%2 == 0 {
				keys = append(keys, node.Value)
			}
		}
		assert.Equal(t, ruleKeys, keys, file)
	}
}

func TestRules(t *testing.T) {
	columns := append(names(collectorColumns(t)), parserColumns...)
	ids := make(map[string]string)
	bicep, readme := readFile(t, "content.bicep"), readFile(t, "README.md")
	for file, rule := range readRules(t) {
		t.Run(file, func(t *testing.T) {
			assert.Regexp(t, guid, rule.ID)
			assert.NotContains(t, ids, rule.ID, "the id of another rule")
			ids[rule.ID] = file
			// The limits of the service, which the community repository checks.
			assert.LessOrEqual(t, len(rule.Name), 256)
			assert.LessOrEqual(t, len(rule.Description), 5000)
			assert.LessOrEqual(t, len(rule.Query), 10_000)
			assert.Contains(t, []string{"Informational", "Low", "Medium", "High"}, rule.Severity)
			assert.Equal(t, "Available", rule.Status)
			assert.NotNil(t, rule.RequiredDataConnectors)
			assert.Contains(t, []string{"gt", "lt", "eq", "ne"}, rule.TriggerOperator)
			require.NotNil(t, rule.TriggerThreshold)
			assert.Equal(t, "Scheduled", rule.Kind)
			assert.Regexp(t, `^\d+\.\d+\.\d+$`, rule.Version)
			assert.Equal(t, map[string]string{"aggregationKind": "AlertPerResult"}, rule.EventGroupingSettings)

			frequency, period := duration(t, rule.QueryFrequency), duration(t, rule.QueryPeriod)
			// https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview
			assert.GreaterOrEqual(t, frequency, 5*time.Minute)
			assert.LessOrEqual(t, period, 14*24*time.Hour)
			assert.LessOrEqual(t, frequency, period)
			if period >= 48*time.Hour {
				assert.GreaterOrEqual(t, frequency, time.Hour)
			}
			// Late events keep their time for two days: a shorter period misses them.
			assert.GreaterOrEqual(t, period, 48*time.Hour+2*frequency)

			q := parse(t, rule.Query)
			require.NoError(t, q.check(columns))
			assert.Regexp(t, `^let \w+ = `, rule.Query, "thresholds come first")
			if _, list, found := strings.Cut(rule.Query, "let frequency = "); found {
				value, _, _ := strings.Cut(list, ";")
				assert.Equal(t, rule.QueryFrequency, value, "frequency in the query")
			}
			output := q.output()
			for _, name := range output {
				assert.NotContains(t, name, "unnamed")
			}
			require.NotEmpty(t, rule.EntityMappings)
			assert.LessOrEqual(t, len(rule.EntityMappings), 5)
			for _, mapping := range rule.EntityMappings {
				require.Contains(t, identifiers, mapping.EntityType)
				var used []string
				for _, field := range mapping.FieldMappings {
					used = append(used, field.Identifier)
					assert.Contains(t, output, field.ColumnName, "%s of the %s", field.Identifier, mapping.EntityType)
				}
				assert.Equal(t, identifiers[mapping.EntityType], used, "the identifiers of the %s", mapping.EntityType)
			}
			assert.LessOrEqual(t, len(rule.CustomDetails), 20)
			for key, name := range rule.CustomDetails {
				assert.Regexp(t, `^[A-Za-z]\w{0,19}$`, key)
				assert.Contains(t, output, name, "custom detail %s", key)
			}
			assert.Contains(t, bicep, "loadYamlContent('"+file+"')")
			assert.Contains(t, readme, "]("+file+")")
		})
	}
	assert.Equal(t, len(ids), strings.Count(bicep, "loadYamlContent("))
}

// The rule on the transparency log knows every finding, and the statuses of
// events that are no accident.
func TestRuleOnTheLog(t *testing.T) {
	query := readRules(t)["rules/LogDisagrees.yaml"].Query
	assert.Contains(t, query, `dynamic(["`+translator.TlogStatusMismatch+`", "`+translator.TlogStatusDuplicate+`"])`)
	assert.NotRegexp(t, `IntegrityKind\s*(==|!=|in\b|!in\b)`, query, "no kind is left out")
	assert.Contains(t, query, "OversightIntegrity\n")
	assert.Contains(t, query, `| where Severity != "Informational"`, "records that are no findings raise no alert")
	assert.Equal(t, "High", readRules(t)["rules/LogDisagrees.yaml"].Severity)
}

// Heads are compared by size, and silence is at least two intervals of the
// receiver.
func TestRulesOnCheckpointRecords(t *testing.T) {
	rules := readRules(t)
	heads := rules["rules/DifferentHeads.yaml"]
	assert.Equal(t, "High", heads.Severity)
	assert.Regexp(t, `(?s)by RegistryId, HeadSize, HeadRoot .*\n.*by RegistryId, HeadSize\n.*where RootCount > 1 and LastArrival > ago\(frequency\)`, heads.Query)
	silent := rules["rules/SilentCollector.yaml"]
	assert.Contains(t, silent.Query, "let silence = 2h;")
	assert.Regexp(t, `(?s)by RegistryId, Collector, Receiver\n.*where ArrivedAt < ago\(silence\)`, silent.Query)
	for file, rule := range rules {
		assert.NotContains(t, rule.Query, "Oversight_CL", "%s reads the table, which has rows of three kinds", file)
	}
}

func TestWorkbook(t *testing.T) {
	type item struct {
		Type    int
		Name    string
		Content struct {
			Version, JSON, Query, Title, Visualization, TimeContextFromParameter, ResourceType string
			Parameters                                                                         []struct {
				ID, Name, Query string
				Type            int
			}
			TileSettings, MapSettings map[string]any
		}
	}
	var workbook struct {
		Version string
		Items   []item
		Schema  string `json:"$schema"`
	}
	unmarshal(t, readFile(t, "workbooks/Oversight.json"), &workbook)
	assert.Equal(t, "Notebook/1.0", workbook.Version)
	assert.NotEmpty(t, workbook.Schema)

	columns := append(names(collectorColumns(t)), parserColumns...)
	var items, ids, parameters []string
	for _, i := range workbook.Items {
		require.NotEmpty(t, i.Name)
		assert.NotContains(t, items, i.Name, "names are unique")
		items = append(items, i.Name)
		switch i.Type {
		case 1:
			assert.NotEmpty(t, i.Content.JSON)
		case 3:
			assert.Equal(t, "KqlItem/1.0", i.Content.Version)
			assert.Equal(t, "microsoft.operationalinsights/workspaces", i.Content.ResourceType)
			assert.Contains(t, parameters, i.Content.TimeContextFromParameter)
			assert.NotEmpty(t, i.Content.Title)
			assert.Contains(t, []string{"barchart", "map", "piechart", "table", "tiles", "timechart"}, i.Content.Visualization)
			q := parse(t, i.Content.Query)
			require.NoError(t, q.check(columns), i.Name)
			for _, use := range parameter.FindAllString(i.Content.Query, -1) {
				name, _, _ := strings.Cut(strings.Trim(use, "{}"), ":")
				assert.Contains(t, parameters, name, i.Name)
			}
			for _, key := range []string{"latitude", "longitude", "sizeSettings", "labelSettings", "legendMetric"} {
				if name, ok := i.Content.MapSettings[key]; ok {
					assert.Contains(t, q.output(), name, "%s: %s", i.Name, key)
				}
			}
			for _, key := range []string{"titleContent", "leftContent"} {
				if tile, ok := i.Content.TileSettings[key]; ok {
					assert.Contains(t, q.output(), tile.(map[string]any)["columnMatch"], "%s: %s", i.Name, key)
				}
			}
		case 9:
			assert.Equal(t, "KqlParameterItem/1.0", i.Content.Version)
			for _, p := range i.Content.Parameters {
				assert.Regexp(t, guid, p.ID)
				assert.False(t, slices.Contains(ids, p.ID), "ids are unique")
				ids = append(ids, p.ID)
				parameters = append(parameters, p.Name)
				if p.Query != "" {
					require.NoError(t, parse(t, p.Query).check(columns), p.Name)
				}
			}
		default:
			assert.Fail(t, "an item of a type that this test does not know", "%s: %d", i.Name, i.Type)
		}
	}
	assert.Contains(t, parameters, "TimeRange")
}
