// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// addRules adds the detection rules: each in the package, and all in one file that
// Kibana imports. A file of rules/ is a rule as Kibana exports it.
func addRules(dir string, files fileSet) error {
	paths, err := filepath.Glob(filepath.Join(dir, "rules", "*.json"))
	if err != nil {
		return err
	}
	var all []any
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var rule object
		if err := json.Unmarshal(text, &rule); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		id, ok := rule["rule_id"].(string)
		if !ok {
			return fmt.Errorf("%s: no rule_id", path)
		}
		all = append(all, rule)
		attributes := maps.Clone(rule)
		delete(attributes, "enabled") // who installs a rule of a package turns it on
		saved := object{"id": id, "type": "security-rule", "attributes": attributes}
		if err := files.addJSON("package/oversight/kibana/security_rule/"+id+".json", saved); err != nil {
			return err
		}
	}
	return files.addLines("assets/kibana/rules.ndjson", all)
}
