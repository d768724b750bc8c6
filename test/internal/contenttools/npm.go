// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"encoding/json"
	"maps"
	"slices"
)

// dependencies returns the packages that a package.json names, with versions.
func dependencies(manifest []byte) []string {
	var m struct {
		Dependencies, DevDependencies map[string]string
	}
	if json.Unmarshal(manifest, &m) != nil {
		return nil // npm says what is wrong
	}
	all := map[string]string{}
	maps.Copy(all, m.Dependencies)
	maps.Copy(all, m.DevDependencies)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, name+" "+all[name])
	}
	return lines
}
