// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import "github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"

// maxName is half of what Lucene accepts in a keyword, 32,766 bytes. The longest name
// in DNS is 255 bytes (RFC 1035, section 2.3.4).
const maxName = 16 << 10

// questionName writes the name of a DNS question, escaped as ECS asks for
// dns.question.name (https://www.elastic.co/guide/en/ecs/8.11/ecs-dns.html): "If the
// name field contains non-printable characters (below 32 or above 126), those characters
// should be represented as escaped base 10 integers (\DDD). Back slashes and quotes
// should be escaped. Tabs, carriage returns, and line feeds should be converted to \t,
// \r, and \n respectively." As names are bytes, each byte of a character is escaped. A
// name that takes more than maxName bytes, which no name in DNS does, is cut there.
func questionName(w shape.Writer, name string) {
	for i := range len(name) {
		if !isPlain(name[i]) {
			w.Bytes("name", appendEscaped(w.Scratch(), name))
			return
		}
	}
	w.Text("name", name)
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
