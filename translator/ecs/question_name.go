// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import "github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"

// maxName is half of what Lucene accepts in a keyword, 32,766 bytes. The longest name
// in DNS is 255 bytes (RFC 1035, section 2.3.4).
const maxName = 16 << 10

// questionName is the name of a DNS question, which is written escaped as ECS asks for
// dns.question.name (https://www.elastic.co/guide/en/ecs/8.11/ecs-dns.html): "If the
// name field contains non-printable characters (below 32 or above 126), those characters
// should be represented as escaped base 10 integers (\DDD). Back slashes and quotes
// should be escaped. Tabs, carriage returns, and line feeds should be converted to \t,
// \r, and \n respectively." As names are bytes, each byte of a character is escaped. A
// name that takes more than maxName bytes, which no name in DNS does, is cut there.
type questionName struct {
	name  string
	plain bool // nothing is to be escaped
}

func newQuestionName(name string) questionName { return questionName{name, isPlainName(name)} }

// write writes the name as a string.
func (q questionName) write(w shape.Writer, field string) {
	if q.plain {
		w.Text(field, q.name)
	} else {
		w.Bytes(field, appendEscaped(w.Scratch(), q.name))
	}
}

// writeList writes a list of the name.
func (q questionName) writeList(w shape.Writer, field string) {
	if q.plain {
		w.List(field, q.name)
	} else {
		w.ListBytes(field, appendEscaped(w.Scratch(), q.name))
	}
}

func isPlainName(name string) bool {
	for i := range len(name) {
		if !isPlain(name[i]) {
			return false
		}
	}
	return true
}

func appendEscaped(dst []byte, name string) []byte {
	for i := 0; i < len(name) && len(dst) <= maxName-len(`\ddd`); i++ {
		switch c := name[i]; {
		case isPlain(c):
			dst = append(dst, c)
		case c == '\\' || c == '"':
			dst = append(dst, '\\', c)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		default:
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return dst
}

func isPlain(c byte) bool { return c >= ' ' && c <= '~' && c != '\\' && c != '"' }
