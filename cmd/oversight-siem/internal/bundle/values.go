// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"regexp"
	"strings"
	"unicode"
)

// minWord is the shortest word, and minKey the shortest key, that looks like a secret, in
// bytes.
const (
	minWord = 16
	minKey  = 12
)

// mask replaces what is not shown.
const mask = "***"

var (
	// referencePattern is ${env:NAME}, ${env:NAME:-default}, ${NAME} or ${file:PATH}.
	referencePattern = regexp.MustCompile(`\$\{(?:(env|file):)?([^{}:$]+)(:-[^{}]*)?\}`)
	// beforeAt is what comes before the last @ of a word: user and password of a URL.
	beforeAt = regexp.MustCompile(`(\w+://)?[^\s"',]*@`)
	// afterQuestionMark is the query of a URL.
	afterQuestionMark = regexp.MustCompile(`\?[^\s"',}]+`)
	// variableName is the name of an environment variable of several words.
	variableName = regexp.MustCompile(`^[A-Z]+(_[A-Z0-9]+)+$`)
	// wordPattern is what could be a key, a token or a password.
	wordPattern = regexp.MustCompile(`[A-Za-z0-9+_=-]+`)
)

// cleanValue returns a value that may be shown, without what can be secret in a URL.
func cleanValue(text string) string {
	text = beforeAt.ReplaceAllString(text, "${1}"+mask+"@")
	text = afterQuestionMark.ReplaceAllString(text, "?"+mask)
	for _, segment := range secretSegments(text) {
		text = strings.ReplaceAll(text, segment, mask)
	}
	return text
}

// secretSegments are the parts of a URL's path that may be secrets, such as in that of a
// webhook.
func secretSegments(text string) (found []string) {
	_, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		return nil
	}
	for i, segment := range strings.Split(rest, "/") {
		if i > 0 && looksSecret(segment) {
			found = append(found, segment)
		}
	}
	return found
}

// maskValue returns a value that may not be shown: the references to variables and files
// that are in it.
func maskValue(text string) string {
	var kept strings.Builder
	end := 0
	for _, match := range referencePattern.FindAllStringSubmatchIndex(text, -1) {
		if match[0] > end {
			kept.WriteString(mask)
		}
		reference := text[match[0]:match[1]]
		if match[6] >= 0 { // a default
			reference = text[match[0]:match[6]] + ":-" + mask + "}"
		}
		kept.WriteString(reference)
		end = match[1]
	}
	if end < len(text) {
		kept.WriteString(mask)
	}
	return kept.String()
}

// isHarmless reports whether a value has no content that could be a secret.
func isHarmless(text string) bool {
	switch strings.ToLower(text) {
	case "", "true", "false", "null", "~", "{}", "[]":
		return true
	}
	return false
}

// looksSecret reports whether a word may be a generated key, token or password: a long
// one with several digits that is not the name of a variable.
func looksSecret(word string) bool {
	digits := 0
	for _, r := range word {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return len(word) >= minWord && digits >= 3 && strings.ContainsFunc(word, unicode.IsLetter) && !variableName.MatchString(word)
}

// keyLooksSecret is looksSecret for a key of a map that an operator writes freely, such as
// one of tokens. Keys of settings have no digits.
func keyLooksSecret(key string) bool {
	return len(key) >= minKey && strings.ContainsFunc(key, unicode.IsDigit) && !variableName.MatchString(key)
}

// quotedPattern is what an error of YAML quotes of a file.
var quotedPattern = regexp.MustCompile("`[^`]*`|\"[^\"]*\"|'[^']*'")

// withoutQuotes removes from an error what it quotes.
func withoutQuotes(text string) string { return quotedPattern.ReplaceAllString(text, mask) }
