// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"slices"
	"strings"
)

type kind int

const (
	end     kind = iota
	word         // a name, a number, or anything else between blanks and operators
	quoted       // "text"
	field        // 'a field'
	operand      // an operator, a bracket, a comma
)

type token struct {
	kind kind
	text string
}

// tokens reads the text of one command. In expressions a dot separates words, because it is an
// operator there; elsewhere it is a part of a name.
type tokens struct {
	list []token
	at   int
}

// operators, longest first.
var operators = []string{"==", "!=", "<=", ">=", "(", ")", ",", "=", "<", ">", "+", "-", "*", "/", "%", "."}

func lex(text string, expression bool) (*tokens, error) {
	t := &tokens{}
	separators := "=<>!(), \t\n\"'"
	if expression {
		separators += "+-*/%."
	}
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\t', '\n':
			i++
		case '"', '\'':
			value, length, err := unquote(text[i:])
			if err != nil {
				return nil, err
			}
			k := quoted
			if c == '\'' {
				k = field
			}
			t.list = append(t.list, token{k, value})
			i += length
		default:
			length := wordLength(text[i:], separators, expression)
			k := word
			if length == 0 {
				length, k = operatorLength(text[i:]), operand
			}
			if length == 0 {
				return nil, fmt.Errorf("does not expect %q", text[i:])
			}
			t.list = append(t.list, token{k, text[i : i+length]})
			i += length
		}
	}
	return t, nil
}

func wordLength(text, separators string, expression bool) int {
	length := strings.IndexAny(text, separators)
	if length < 0 {
		length = len(text)
	}
	if expression && length > 0 && isDigits(text[:length]) && length < len(text) && text[length] == '.' { // 0.5
		length++
		for length < len(text) && text[length] >= '0' && text[length] <= '9' {
			length++
		}
	}
	return length
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

func operatorLength(text string) int {
	for _, operator := range operators {
		if strings.HasPrefix(text, operator) {
			return len(operator)
		}
	}
	return 0
}

// unquote returns the value of a quoted text, and its length with the quotes. A backslash before
// anything but a quote or a backslash stays, as in Splunk: "\d" is the regular expression \d.
func unquote(text string) (string, int, error) {
	var value strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == text[0]:
			return value.String(), i + 1, nil
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == text[0] || text[i+1] == '\\'):
			i++
		}
		value.WriteByte(text[i])
	}
	return "", 0, fmt.Errorf("%s is not closed", text)
}

func (t *tokens) peek() token {
	if t.at < len(t.list) {
		return t.list[t.at]
	}
	return token{}
}

func (t *tokens) next() token {
	n := t.peek()
	t.at++
	return n
}

// accept takes the next token if it is this operator or, in any case, this word.
func (t *tokens) accept(text string) bool {
	n := t.peek()
	if (n.kind == operand && n.text == text) || (n.kind == word && strings.EqualFold(n.text, text)) {
		t.at++
		return true
	}
	return false
}

func (t *tokens) expect(text string) error {
	if !t.accept(text) {
		return fmt.Errorf("expects %q, not %q", text, t.peek().text)
	}
	return nil
}

// name takes the name of a field.
func (t *tokens) name() (string, error) {
	n := t.next()
	if n.kind == end || n.kind == operand || n.text == "" {
		return "", fmt.Errorf("expects the name of a field, not %q", n.text)
	}
	return n.text, nil
}

// names takes the names of fields until the end. Commas may stand between them.
func (t *tokens) names() ([]string, error) {
	var names []string
	for t.peek().kind != end {
		if t.accept(",") {
			continue
		}
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// alias takes "AS name", or returns the name that stands without it.
func (t *tokens) alias(otherwise string) (string, error) {
	if !t.accept("AS") {
		return otherwise, nil
	}
	return t.name()
}

// options takes name=value, for the names that are known.
func (t *tokens) options(known ...string) (map[string]string, error) {
	options := map[string]string{}
	for t.at+2 < len(t.list) && t.list[t.at+1] == (token{operand, "="}) {
		name, value := t.list[t.at].text, t.list[t.at+2].text
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("has the option %s, which is none of %v", name, known)
		}
		options[name] = value
		t.at += 3
	}
	return options, nil
}

func (t *tokens) done() error {
	if n := t.peek(); n.kind != end {
		return fmt.Errorf("does not expect %q", n.text)
	}
	return nil
}
