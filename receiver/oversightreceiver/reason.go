// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
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

// maxErrorText bounds what is looked at of an error.
const maxErrorText = 4 * checkpoint.MaxReason

// reasonOf is what a destination said, for the checkpoint and for logs: one line, at most
// [checkpoint.MaxReason] bytes, without what looks like a secret.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	text = strings.ToValidUTF8(text[:min(len(text), maxErrorText)], "")
	for _, secret := range secrets {
		text = secret.pattern.ReplaceAllString(text, secret.by)
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // control and bidi characters
			return ' '
		}
		return r
	}, text)
	return cutText(text, checkpoint.MaxReason)
}

// cutText cuts a text to at most so many bytes, between two characters.
func cutText(text string, limit int) string {
	const mark = "..."
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}
