// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
)

// kind is where an operator meets a sentence.
type kind int

// The kinds in the order of the list.
const (
	logMessage kind = iota
	errorText
	finding
	status
	output
	help
	metricDescription
	panicText
	// part is a text that is composed here and used elsewhere.
	part
	// notConstant is a place whose text this program does not know.
	notConstant
)

// message is a sentence of a package.
type message struct {
	kind kind
	text string
}

// packageMessages is the sentences of a package, sorted, each once.
type packageMessages struct {
	path     string // of its directory, below the root
	messages []message
}

func compareMessages(a, b message) int {
	if a.kind != b.kind {
		return int(a.kind) - int(b.kind)
	}
	return strings.Compare(a.text, b.text)
}

// withoutRepeatedParts removes the parts that stand in a sentence of another kind.
func withoutRepeatedParts(found []message) []message {
	return slices.DeleteFunc(slices.Clone(found), func(m message) bool {
		return m.kind == part && slices.ContainsFunc(found, func(other message) bool {
			return other.kind != part && strings.Contains(other.text, m.text)
		})
	})
}
