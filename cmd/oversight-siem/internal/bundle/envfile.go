// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import "strings"

// redactEnvFile removes secrets from an environment file. It shows the values of
// variables that isShown names.
func redactEnvFile(text string, isShown func(name string) bool) (string, hiddenValues) {
	var hidden hiddenValues
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		name, value, found := strings.Cut(trimmed, "=")
		value = strings.Trim(value, `"'`)
		switch {
		case trimmed == "":
		case trimmed[0] == '#' || trimmed[0] == ';':
			lines[i] = hidden.cleanComment("#" + trimmed[1:])
		case !found: // a line that continues another, or a mistake
			lines[i] = mask
			hidden.add("secret", trimmed)
		case isShown(name):
			lines[i] = name + "=" + cleanValue(value)
			hidden.addURL(value)
		default:
			lines[i] = name + "=" + maskValue(value)
			hidden.add(name, value)
		}
	}
	return strings.Join(lines, "\n"), hidden
}
