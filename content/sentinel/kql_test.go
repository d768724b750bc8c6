// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// There is no Kusto for Go. These tests rely on how the queries here are
// written: columns, tables and table functions are named in PascalCase, and
// everything else (operators, functions, let) begins with a small letter. So
// each PascalCase name has to be a column of the source or one that the query
// makes by itself, and a name that was mistyped is neither.

// query is a query's code, without comments and with its texts emptied.
type query struct{ code string }

var lexemes = regexp.MustCompile(`//[^\n]*|@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*'`)

func parse(t *testing.T, text string) query {
	t.Helper()
	q := query{lexemes.ReplaceAllStringFunc(text, func(lexeme string) string {
		if strings.HasPrefix(lexeme, "//") {
			return ""
		}
		return `""`
	})}
	var open []rune
	for _, c := range q.code {
		switch c {
		case '(', '[', '{':
			open = append(open, c)
		case ')', ']', '}':
			require.NotEmpty(t, open, "a bracket that was not opened: %s", text)
			last := open[len(open)-1]
			require.Contains(t, []string{"()", "[]", "{}"}, string([]rune{last, c}), "brackets that do not match: %s", text)
			open = open[:len(open)-1]
		}
	}
	require.Empty(t, open, "a bracket that is not closed: %s", text)
	require.NotContains(t, q.code, "'", "a text without an end: %s", text)
	return q
}

// sources are the tables and table functions that queries may begin with.
var sources = []string{"Oversight", "OversightIntegrity", "OversightCheckpoints", "Oversight_CL"}

var (
	reference = regexp.MustCompile(`(\.?)\b([A-Z]\w*)\b(\s*=(?:[^=~]|$))?`)
	parameter = regexp.MustCompile(`\{[A-Z]\w*(?::\w+)?\}`) // of a workbook
)

// check looks for names that are neither columns nor made by the query.
func (q query) check(columns []string) error {
	code := parameter.ReplaceAllString(q.code, "")
	known := slices.Concat(columns, sources)
	found := reference.FindAllStringSubmatch(code, -1)
	for _, match := range found {
		if match[3] != "" {
			known = append(known, match[2])
		}
	}
	for _, match := range found {
		if match[1] == "" && !slices.Contains(known, match[2]) {
			return fmt.Errorf("the column %s does not exist", match[2])
		}
	}
	return nil
}

// split cuts text at a separator that is in no bracket.
func split(text string, separator rune) []string {
	var parts []string
	depth, begin := 0, 0
	for i, c := range text {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case separator:
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[begin:i]))
				begin = i + 1
			}
		}
	}
	return append(parts, strings.TrimSpace(text[begin:]))
}

var (
	assigned  = regexp.MustCompile(`^(\w+)\s*=[^=~]`)
	extremum  = regexp.MustCompile(`(?s)^arg_(?:min|max)\((.*)\)$`)
	plainName = regexp.MustCompile(`^\w+$`)
)

// fields is the names that a list of expressions makes columns of.
func fields(list string) []string {
	var fields []string
	for _, item := range split(list, ',') {
		switch match := assigned.FindStringSubmatch(item); {
		case match != nil:
			fields = append(fields, match[1])
		case plainName.MatchString(item):
			fields = append(fields, item)
		default:
			if match := extremum.FindStringSubmatch(item); match != nil {
				fields = append(fields, split(match[1], ',')...)
			} else {
				fields = append(fields, "unnamed: "+item)
			}
		}
	}
	return fields
}

var by = regexp.MustCompile(`\bby\b`)

// output is the columns of the result, as far as the query says: what its last
// project or summarize names, and what extend adds after it.
func (q query) output() []string {
	statements := split(q.code, ';')
	var columns []string
	for _, operator := range split(statements[len(statements)-1], '|') {
		name, rest, _ := strings.Cut(strings.Join(strings.Fields(operator), " "), " ")
		switch name {
		case "project":
			columns = fields(rest)
		case "summarize":
			columns = nil
			for _, list := range by.Split(rest, 2) {
				columns = append(columns, fields(list)...)
			}
		case "extend":
			if columns != nil {
				columns = append(columns, fields(rest)...)
			}
		case "where", "sort", "top":
		default:
			columns = nil
		}
	}
	return columns
}

func TestQueries(t *testing.T) {
	q := parse(t, `
		let threshold = 3; // Nothing | project Nowhere
		Oversight
		| where UserAgent != "X | Y" and Extra.Inner == 1 and FileId =~ 'z'
		| summarize Events = count(), arg_max(EventTime, FileId) by RegistryId, Start = bin(EventTime, 1h)
		| extend More = Events + threshold
		| where Events > 3`)
	require.NoError(t, q.check([]string{"UserAgent", "Extra", "FileId", "EventTime", "RegistryId"}))
	assert.Equal(t, []string{"Events", "EventTime", "FileId", "RegistryId", "Start", "More"}, q.output())
	require.EqualError(t, q.check([]string{"UserAgent", "Extra", "EventTime", "RegistryId"}), "the column FileId does not exist")
	assert.Empty(t, parse(t, `Oversight | where FileId == "x"`).output())
	assert.Equal(t, []string{"unnamed: count()"}, parse(t, `Oversight | summarize count()`).output())
}
