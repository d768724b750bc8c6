// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elasticrules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// indexPattern is the data streams that rules search.
const indexPattern = "logs-oversight.*"

// riskScores are those that Elastic gives its own rules of a severity.
var riskScores = map[string]int{"low": 21, "medium": 47, "high": 73}

// attributes is a rule as Kibana's detection engine has it.
type attributes struct {
	Author          []string            `json:"author"`
	Description     string              `json:"description"`
	Enabled         bool                `json:"enabled"`
	FalsePositives  []string            `json:"false_positives"`
	From            string              `json:"from"`
	HistoryWindow   string              `json:"history_window_start,omitempty"`
	Index           []string            `json:"index,omitempty"`
	Interval        string              `json:"interval"`
	Investigation   map[string][]string `json:"investigation_fields"`
	Language        string              `json:"language"`
	License         string              `json:"license"`
	MaxSignals      int                 `json:"max_signals"`
	Name            string              `json:"name"`
	NewTermsFields  []string            `json:"new_terms_fields,omitempty"`
	Note            string              `json:"note"`
	Query           string              `json:"query"`
	Related         []related           `json:"related_integrations,omitempty"`
	RequiredFields  []requiredField     `json:"required_fields"`
	RiskScore       int                 `json:"risk_score"`
	RuleID          string              `json:"rule_id"`
	Setup           string              `json:"setup"`
	Severity        string              `json:"severity"`
	Suppression     *suppression        `json:"alert_suppression,omitempty"`
	Tags            []string            `json:"tags"`
	Threat          []threat            `json:"threat"`
	Threshold       *Threshold          `json:"threshold,omitempty"`
	TimestampSource string              `json:"timestamp_override"`
	Type            string              `json:"type"`
	Version         int                 `json:"version"`
}

type related struct {
	Package string `json:"package"`
	Version string `json:"version"`
}

type requiredField struct {
	ECS  *bool  `json:"ecs,omitempty"`
	Name string `json:"name"`
	Type string `json:"type"`
}

type suppression struct {
	Duration suppressionTime `json:"duration"`
	GroupBy  []string        `json:"group_by,omitempty"`
	Missing  string          `json:"missing_fields_strategy,omitempty"`
}

type suppressionTime struct {
	Unit  string `json:"unit"`
	Value int    `json:"value"`
}

// suppressFor is how long alerts of one group are one alert.
var suppressFor = suppressionTime{Unit: "h", Value: 24}

// attributes returns the rule as Kibana has it.
func (r *Rule) attributes() (*attributes, error) {
	d := &r.Detection
	threats, err := threats(d)
	if err != nil {
		return nil, err
	}
	a := &attributes{
		Author: []string{"The Oversight Authors"}, Description: d.Description, FalsePositives: d.FalsePositives,
		From: r.From, Interval: fmt.Sprintf("%dm", d.Frequency/time.Minute),
		Investigation: map[string][]string{"field_names": r.Highlight}, Language: r.Language, License: "Apache-2.0",
		MaxSignals: 100, Name: d.Name(), Note: r.note(), Query: r.Query, RequiredFields: r.requiredFields(),
		RiskScore: riskScores[d.Severity], RuleID: r.RuleID, Setup: setup, Severity: d.Severity, Tags: r.tags(),
		Threat: threats, Threshold: r.Threshold, TimestampSource: "event.ingested", Type: r.Type, Version: r.Version,
	}
	if r.Type != "esql" { // there the query names them
		a.Index = []string{indexPattern}
	}
	if r.NewTerms != nil {
		a.NewTermsFields, a.HistoryWindow = r.NewTerms.Fields, r.NewTerms.History
	}
	switch {
	case r.Threshold != nil: // suppresses by its own groups
		a.Suppression = &suppression{Duration: suppressFor}
	case len(r.SuppressBy) > 0:
		a.Suppression = &suppression{suppressFor, r.SuppressBy, "suppress"}
	}
	return a, nil
}

func (r *Rule) requiredFields() []requiredField {
	fields := make([]requiredField, 0, len(r.Fields))
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		fields = append(fields, requiredField{Name: name, Type: r.Fields[name]})
	}
	return fields
}

func (r *Rule) tags() []string {
	tags := []string{"Data Source: Oversight", "Resources: Investigation Guide"}
	for _, tactic := range r.Detection.Tactics {
		tags = append(tags, "Tactic: "+tactic.Name)
	}
	return append(tags, "Use Case: Data Leakage")
}

// setup is Markdown about what the rule needs.
const setup = `## Setup

The rule searches the data streams logs-oversight.*, to which the Oversight collector writes. It searches by event.ingested, which the ingest pipeline sets. The pipeline is part of Oversight's integration package and of its plain assets. docs/elastic.md of the project says how to install either.

The rule needs Kibana 8.19, 9.1 or later, or Serverless. Alert suppression combines alerts about the same thing into one for 24 hours. It needs a Platinum subscription or Serverless. With a Basic license, the rule runs without suppression and can repeat an alert each hour while the cause lasts.
`

// note is Markdown about what to do with an alert.
func (r *Rule) note() string {
	d := &r.Detection
	var b strings.Builder
	fmt.Fprintf(&b, "## Triage and analysis\n\n### Investigating %s\n\n%s\n\n%s\n\n", d.Name(), d.Description, r.Investigate)
	if len(d.Parameters) > 0 {
		b.WriteString("### What you can set in the query\n\n")
		for _, p := range d.Parameters {
			value := strings.Join(d.Strings(p.Name), ", ")
			if value == "" {
				value = fmt.Sprint(p.Value)
			}
			fmt.Fprintf(&b, "- %s (%s): %s.\n", p.Name, value, p.Meaning)
		}
		b.WriteString("\n")
	}
	b.WriteString("### False positive analysis\n\n")
	for _, cause := range d.FalsePositives {
		b.WriteString("- " + cause + "\n")
	}
	fmt.Fprintf(&b, "- Add exceptions to the rule for activity that you know and expect.\n\n### Response and remediation\n\n%s\n", d.Response)
	return b.String()
}

// asset returns the rule as an asset of an integration package.
func (r *Rule) asset() ([]byte, error) {
	a, err := r.attributes()
	if err != nil {
		return nil, err
	}
	a.Related = []related{{"oversight", ">=0.1.0"}}
	for i := range a.RequiredFields {
		ecs := !strings.HasPrefix(a.RequiredFields[i].Name, "oversight.")
		a.RequiredFields[i].ECS = &ecs
	}
	return encode(map[string]any{"attributes": a, "id": r.assetID(), "type": "security-rule"}, "    ")
}

// assetID is the id of the saved object that Fleet makes of the asset. Kibana looks for a
// rule's newest version by an id of this form, and lists no rule whose asset has another.
func (r *Rule) assetID() string { return fmt.Sprintf("%s_%d", r.RuleID, r.Version) }

// line returns the rule as a line of a file to import.
func (r *Rule) line() ([]byte, error) {
	a, err := r.attributes()
	if err != nil {
		return nil, err
	}
	return encode(a, "")
}

func encode(value any, indent string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return b.Bytes(), err
}
