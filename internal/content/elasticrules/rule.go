// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package elasticrules makes Elastic Security's detection rules. A rule is a detection of
// content/detections.yaml and a file of content/elastic/rules: the detection has what is
// the same in every SIEM, the file what is Elastic's. Rules are written in two forms: as
// assets of an integration package, and as lines that the detection engine imports.
package elasticrules

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// Overlap is how far a rule looks back behind its last run. A document is searchable
// seconds after event.ingested, and Kibana starts rules late when it is busy.
const Overlap = 10 * time.Minute

// Rule is a rule: the file, and the detection that it implements.
type Rule struct {
	Detection detections.Detection `yaml:"-"`

	// RuleID is a UUID. It never changes: Kibana finds the rule by it when it imports a
	// newer one.
	RuleID string `yaml:"rule_id"`
	// Version rises with each change that users should get.
	Version int `yaml:"version"`
	// Type is threshold, new_terms or esql, Language kuery or esql.
	Type     string `yaml:"type"`
	Language string `yaml:"language"`
	// From is how far back it reads, by event.ingested.
	From string `yaml:"from"`
	// Query has the detection's parameters filled in.
	Query string `yaml:"query"`
	// Threshold is set if the type is threshold, NewTerms if it is new_terms.
	Threshold *Threshold `yaml:"threshold"`
	NewTerms  *NewTerms  `yaml:"new_terms"`
	// SuppressBy are up to three fields: alerts with the same values are one for a day.
	SuppressBy []string `yaml:"suppress_by"`
	// Highlight are the fields that an alert shows first.
	Highlight []string `yaml:"highlight"`
	// Investigate says what an analyst finds in the alert.
	Investigate string `yaml:"investigate"`
	// Fields are those of documents that the rule names, with their types.
	Fields Fields `yaml:"-"`
}

// Threshold is when a group of documents is an alert.
type Threshold struct {
	Field       []string      `yaml:"field" json:"field"`
	Value       int           `yaml:"value" json:"value"`
	Cardinality []Cardinality `yaml:"cardinality" json:"cardinality"`
}

// Cardinality is how many different values of a field the group must have.
type Cardinality struct {
	Field string `yaml:"field" json:"field"`
	Value Number `yaml:"value" json:"value"`
}

// NewTerms are the fields whose combination of values must be new since History.
type NewTerms struct {
	Fields  []string `yaml:"fields"`
	History string   `yaml:"history"`
}

// Load reads the rules of all detections, in the order of content/detections.yaml, from
// the root of the checkout.
func Load(root string) ([]Rule, error) {
	list, err := detections.Load(filepath.Join(root, "content"))
	if err != nil {
		return nil, err
	}
	fields, err := LoadFields(root)
	if err != nil {
		return nil, err
	}
	rules := make([]Rule, len(list))
	for i, detection := range list {
		file := filepath.Join(root, "content", "elastic", "rules", detection.ID+".yaml")
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := rules[i].read(text, detection, fields); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return rules, nil
}

func (r *Rule) read(text []byte, detection detections.Detection, fields Fields) (err error) {
	r.Detection = detection
	if text, err = fillIn(text, detection.Parameters); err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(r); err != nil {
		return err
	}
	r.Fields = fields.namedBy(strings.Join(append(r.groups(), r.Query, "event.ingested"), "\n"))
	return nil
}

// groups returns the fields that the rule puts documents together by, beside those of the
// query.
func (r *Rule) groups() []string {
	groups := slices.Clone(r.SuppressBy)
	if r.Threshold != nil {
		groups = append(groups, r.Threshold.Field...)
		for _, c := range r.Threshold.Cardinality {
			groups = append(groups, c.Field)
		}
	}
	if r.NewTerms != nil {
		groups = append(groups, r.NewTerms.Fields...)
	}
	return groups
}
