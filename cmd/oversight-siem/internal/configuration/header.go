// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package configuration

import (
	"regexp"
	"slices"
	"strings"
)

// variableLine is a line about variables in a configuration's first comment.
var variableLine = regexp.MustCompile(`^#   ([A-Z][A-Z0-9_]*(?:, [A-Z][A-Z0-9_]*)*)`)

// removeFromHeader removes the lines about variables that have an answer from the
// configuration's first comment.
func removeFromHeader(text string, answered []string) string {
	var kept []string
	removing := false
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" && !strings.HasPrefix(line, "#") {
			kept = append(kept, lines[i:]...)
			break
		}
		if match := variableLine.FindStringSubmatch(line); match != nil {
			removing = !slices.ContainsFunc(strings.Split(match[1], ", "), func(name string) bool { return !slices.Contains(answered, name) })
		} else if !strings.HasPrefix(line, "#     ") {
			removing = false
		}
		if !removing {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
