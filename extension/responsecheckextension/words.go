// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxWords is how many bytes of a destination's words get into an error.
	maxWords = 300
	// maxScanned is how many bytes are looked through for them.
	maxScanned = 4 << 10
	// minSecret is the length from which a part of a header counts as a secret.
	// Shorter ones would also redact ordinary words.
	minSecret = 6
)

// plainHeaders are headers whose values are no secrets and may be in an answer.
var plainHeaders = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "User-Agent",
	headerEventCount, "X-Elastic-Uncompressed-Request-Length", headerSplunkApp, "__splunk_app_version",
	"Traceparent", "Tracestate",
}

// words returns a destination's text as at most [maxWords] bytes in one line, with
// control and bidirectional characters escaped, and without what was in a header of
// the request, which some proxies repeat.
func words(header http.Header, text string) string {
	text = text[:min(len(text), maxScanned)]
	for _, secret := range secrets(header) {
		text = strings.ReplaceAll(text, secret, "[REDACTED]")
	}
	return singleLine(text, maxWords)
}

// singleLine returns at most limit bytes of a text, and an ellipsis if it was cut.
func singleLine(text string, limit int) string {
	var b strings.Builder
	space := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if b.Len() >= limit {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteRune(utf8.RuneError)
		case unicode.IsGraphic(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

// secrets returns the values of headers, their parts, and the decoded password of
// basic authentication, longest first, so that no part of one remains.
func secrets(header http.Header) []string {
	var all []string
	for name, values := range header {
		if slices.ContainsFunc(plainHeaders, func(plain string) bool { return strings.EqualFold(plain, name) }) {
			continue
		}
		for _, value := range values {
			all = append(all, value)
			for part := range strings.FieldsSeq(value) {
				all = append(all, part)
				if decoded, err := base64.StdEncoding.DecodeString(part); err == nil && utf8.Valid(decoded) {
					_, password, _ := strings.Cut(string(decoded), ":")
					all = append(all, string(decoded), password)
				}
			}
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < minSecret })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}
