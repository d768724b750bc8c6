// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Expand replaces the macros of a search. Splunk leaves them alone in quoted text.
func (a *App) Expand(query string) (string, error) { return a.expand(query, 0) }

func (a *App) expand(query string, depth int) (string, error) {
	if depth > 20 {
		return "", fmt.Errorf("macros call each other without end")
	}
	var expanded strings.Builder
	inQuotes := false
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\\' && inQuotes && i+1 < len(query):
			expanded.WriteByte(c)
			i++
		case c == '"':
			inQuotes = !inQuotes
		case c == '`' && !inQuotes:
			length := strings.IndexByte(query[i+1:], '`')
			if length < 0 {
				return "", fmt.Errorf("a macro is not closed: %s", query[i:])
			}
			text, err := a.macro(query[i+1:i+1+length], depth)
			if err != nil {
				return "", err
			}
			expanded.WriteString(text)
			i += length + 1
			continue
		}
		expanded.WriteByte(query[i])
	}
	return expanded.String(), nil
}

var macroArgument = regexp.MustCompile(`\$[A-Za-z0-9_-]+\$`)

func (a *App) macro(call string, depth int) (string, error) {
	name, rest, hasArguments := strings.Cut(call, "(")
	var values []string
	if hasArguments {
		if !strings.HasSuffix(rest, ")") {
			return "", fmt.Errorf("the macro `%s` is not closed", call)
		}
		values = strings.Split(strings.TrimSuffix(rest, ")"), ",")
		name += "(" + strconv.Itoa(len(values)) + ")"
	}
	stanza := a.Macros.Stanza(name)
	if stanza == nil {
		return "", fmt.Errorf("there is no macro %s", name)
	}
	definition := stanza.Get("definition")
	var arguments []string
	if hasArguments {
		arguments = strings.Split(stanza.Get("args"), ",")
	}
	if len(arguments) != len(values) || definition == "" {
		return "", fmt.Errorf("the macro %s has the arguments %q and the definition %q", name, stanza.Get("args"), definition)
	}
	for i, argument := range arguments {
		definition = strings.ReplaceAll(definition, "$"+strings.TrimSpace(argument)+"$", strings.TrimSpace(values[i]))
	}
	if left := macroArgument.FindString(definition); left != "" {
		return "", fmt.Errorf("the macro %s has no argument %s", name, left)
	}
	return a.expand(definition, depth+1)
}
