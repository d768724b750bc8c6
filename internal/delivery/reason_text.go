// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"regexp"
	"strings"
	"unicode"
)

// secrets are what an error of a destination may quote of a request, with what to
// replace it by: the user part and the query of a URL, what follows the name of a
// header or parameter that holds a secret, and what follows that of an authentication
// scheme.
var secrets = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`://[^/@\s"]*@`), "://[redacted]@"},
	{regexp.MustCompile(`(://[^\s"?]+\?)[^\s"]+`), "${1}[redacted]"},
	{regexp.MustCompile(`(?i)\b((?:authorization|api[-_]?key|(?:access[-_]|refresh[-_])?token|password|secret)"?\s*[:=]\s*"?)(?:(?:bearer|basic|splunk|apikey|digest)\s+)?[^\s",;]+`), "${1}[redacted]"},
	{regexp.MustCompile(`(?i)\b((?:bearer|basic|splunk|apikey|digest)\s+)[a-z0-9+/=._~-]{16,}`), "${1}[redacted]"},
}

// textRead is how many times the limit is looked at of an error.
const textRead = 4

// ReasonText is what a destination said, for storage and logs: one line, at most limit
// bytes, without what looks like a secret. It is empty for no error.
func ReasonText(err error, limit int) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	text = strings.ToValidUTF8(text[:min(len(text), textRead*limit)], "")
	for _, secret := range secrets {
		text = secret.pattern.ReplaceAllString(text, secret.by)
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // control and bidi characters
			return ' '
		}
		return r
	}, text)
	return CutText(text, limit)
}

// CutText cuts a text to at most so many bytes, between two characters.
func CutText(text string, limit int) string {
	const mark = "..."
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}
