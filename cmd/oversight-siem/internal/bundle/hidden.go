// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
)

const (
	// minSecret is the shortest value of a key for secrets that is removed from all
	// files, and minOther that of any other value, in bytes. Shorter ones are not shown
	// where they stand, and would make everything else unreadable.
	minSecret, minOther = 4, 8
	// maxSecretFile bounds a file with a secret, in bytes.
	maxSecretFile = 64 << 10
)

// identityName matches keys for names, which are not shown, and which are common words
// too often to be removed from everything else.
var identityName = regexp.MustCompile(`(?i)^(user|username|login|client_id|tenant_id)$`)

// hiddenValues are values that no file of a bundle may contain.
type hiddenValues []string

// add adds the value of a key, and the parts of it that are secrets by themselves.
func (h *hiddenValues) add(key, value string) {
	value = strings.TrimSpace(referencePattern.ReplaceAllString(value, ""))
	if identityName.MatchString(key) {
		return
	}
	limit := minOther
	if secretName.MatchString(key) {
		limit = minSecret
	}
	h.addFrom(limit, value)
	if _, credentials, found := strings.Cut(value, " "); found && limit == minSecret { // Bearer, Splunk, Basic
		h.addFrom(limit, strings.TrimSpace(credentials))
	}
	for line := range strings.Lines(value) { // a key in PEM
		h.addFrom(minOther, strings.TrimSpace(line))
	}
	for part := range strings.SplitSeq(value, ";") { // a connection string
		if _, inner, found := strings.Cut(part, "="); found && part != value {
			h.addFrom(minOther, strings.TrimSpace(inner))
		}
	}
	h.addURL(value)
}

func (h *hiddenValues) addFrom(limit int, value string) {
	if len(value) >= limit && !isHarmless(value) && !slices.Contains(*h, value) {
		*h = append(*h, value)
	}
}

// addURL adds the user, the password and the query of a URL.
func (h *hiddenValues) addURL(value string) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return
	}
	var parts redact.Secrets
	parts.AddURL(u)
	parts = append(parts, secretSegments(u.Scheme+"://"+u.Host+u.Path)...)
	for _, part := range parts {
		if u.User == nil || part != u.User.Username() {
			h.addFrom(minSecret, part)
		}
	}
}

// addFile adds the content of a file with a secret.
func (h *hiddenValues) addFile(path string) {
	text, err := cli.ReadRegular(path, maxSecretFile)
	if err == nil || len(text) > 0 {
		h.add("secret", string(text))
	}
}

// addVariable adds the value of an environment variable, and those that it refers to.
func (h *hiddenValues) addVariable(name string) {
	value := os.Getenv(name)
	h.add("secret", value)
	for _, match := range referencePattern.FindAllStringSubmatch(value, -1) {
		switch {
		case match[1] == "file":
			h.addFile(match[2])
		case match[2] != name:
			h.add("secret", os.Getenv(match[2]))
		}
	}
}

// addResolved adds the values of a resolved configuration that are not shown.
func (h *hiddenValues) addResolved(value any, path []string) {
	switch value := value.(type) {
	case map[string]any:
		h.addBasic(value)
		for key, inner := range value {
			h.addResolved(inner, append(slices.Clone(path), key))
		}
	case []any:
		for _, inner := range value {
			h.addResolved(inner, path)
		}
	case nil, bool:
	default:
		text := fmt.Sprint(value)
		if shown(path) {
			h.addURL(text)
			return
		}
		h.add(lastKey(path), text)
	}
}

// addBasic adds user and password in the form of an Authorization header.
func (h *hiddenValues) addBasic(section map[string]any) {
	for _, pair := range [][2]string{{"user", "password"}, {"username", "password"}, {"client_id", "client_secret"}} {
		if password := section[pair[1]]; password != nil {
			h.addFrom(minSecret, base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%v:%v", section[pair[0]], password)))
		}
	}
}

// replacer removes the values, in each form that a program may print them in. The
// longest comes first: half a secret is not found afterwards.
func (h hiddenValues) replacer() *strings.Replacer {
	var all []string
	for _, value := range h {
		all = append(all, forms(value)...)
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, value := range slices.Compact(all) {
		pairs = append(pairs, value, mask)
	}
	return strings.NewReplacer(pairs...)
}

// forms are the forms in which a program may print a value.
func forms(value string) []string {
	quoted, _ := json.Marshal(value) // a string: no error
	inMessage := unquoted(strconv.Quote(value))
	return []string{
		value, url.QueryEscape(value), url.PathEscape(value),
		unquoted(string(quoted)), inMessage, unquoted(jsonPlain(value)),
		unquoted(jsonPlain(inMessage)), // an error with a quoted value, in a log in JSON
		html.EscapeString(value), fmt.Sprintf("%x", value), fmt.Sprintf("%X", value),
		base64.StdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value)),
	}
}

func unquoted(text string) string { return text[1 : len(text)-1] }

// jsonPlain is a value in JSON, without the escapes for HTML.
func jsonPlain(value string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // a string: no error
	return strings.TrimSuffix(out.String(), "\n")
}
