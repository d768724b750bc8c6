// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"regexp"
	"strings"
)

// keyLine is a key and what follows it.
var keyLine = regexp.MustCompile(`^(\s*(?:- +)*["']?)([\w./-]+)(["']?\s*:)(\s.*)?$`)

// redactLines shows the keys, the variables and the comments of a configuration that is
// no YAML, line by line, so that its errors can be found. It shows no value.
func redactLines(text string) *document {
	d := &document{shown: map[string]bool{}, notShown: map[string]bool{}}
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(d.redactLine(strings.TrimRight(line, "\r\n")))
		out.WriteByte('\n')
	}
	d.text = out.String()
	return d
}

func (d *document) redactLine(line string) string {
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "#") {
		return d.hidden.cleanComment(line)
	}
	if match := keyLine.FindStringSubmatch(line); match != nil {
		return match[1] + match[2] + match[3] + d.hide(match[2], match[4])
	}
	return d.hide("", line)
}

// hide returns a text with its white space and its references.
func (d *document) hide(key, text string) string {
	value := strings.TrimSpace(text)
	if isHarmless(value) {
		return text
	}
	d.noteReferences(value, false)
	d.hidden.add(key, strings.Trim(referencePattern.ReplaceAllString(value, ""), `"'-[]{} `))
	return strings.Replace(text, value, maskValue(value), 1)
}
