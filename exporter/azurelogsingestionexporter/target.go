// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"fmt"
	"regexp"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Resource attributes that override `rule_id` and `stream_name`.
const (
	ruleIDAttribute     = "azure.dcr.rule_id"
	streamNameAttribute = "azure.dcr.stream_name"
)

// target is the destination of rows: a stream of a data collection rule.
type target struct{ rule, stream string }

func (t target) String() string { return "stream " + t.stream + " of rule " + t.rule }

var (
	ruleIDPattern     = regexp.MustCompile("^dcr-[0-9a-fA-F]{32}$")
	streamNamePattern = regexp.MustCompile("^Custom-[0-9A-Za-z_.-]+$")
)

func validateRuleID(id string) error {
	if !ruleIDPattern.MatchString(id) {
		return fmt.Errorf("`rule_id` is %q: must be the rule's immutable id, dcr- followed by 32 hex digits", id)
	}
	return nil
}

func validateStreamName(name string) error {
	if !streamNamePattern.MatchString(name) {
		return fmt.Errorf("`stream_name` is %q: must be Custom- followed by letters, digits, _, . or -", name)
	}
	return nil
}

// forResource returns the target of a resource's rows. Resource attributes are
// untrusted, so they are validated before they become part of a URL.
func (t target) forResource(resource pcommon.Resource) (target, error) {
	if v, ok := resource.Attributes().Get(ruleIDAttribute); ok {
		t.rule = v.AsString()
		if err := validateRuleID(t.rule); err != nil {
			return t, fmt.Errorf("resource attribute %s: %w", ruleIDAttribute, err)
		}
	}
	if v, ok := resource.Attributes().Get(streamNameAttribute); ok {
		t.stream = v.AsString()
		if err := validateStreamName(t.stream); err != nil {
			return t, fmt.Errorf("resource attribute %s: %w", streamNameAttribute, err)
		}
	}
	return t, nil
}
