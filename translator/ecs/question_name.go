// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

// maxName is half of what Lucene accepts in a keyword, 32,766 bytes. The longest name
// in DNS is 255 bytes (RFC 1035, section 2.3.4).
const maxName = 16 << 10

// escapeName escapes the name of a DNS question as ECS asks for dns.question.name
// (https://www.elastic.co/guide/en/ecs/8.11/ecs-dns.html): "If the name field contains
// non-printable characters (below 32 or above 126), those characters should be
// represented as escaped base 10 integers (\DDD). Back slashes and quotes should be
// escaped. Tabs, carriage returns, and line feeds should be converted to \t, \r, and
// \n respectively." As names are bytes, each byte of a character is escaped. A name that
// takes more than maxName bytes, which no name in DNS does, is cut there.
func escapeName(name string) string {
	i := 0
	for i < len(name) && isPlain(name[i]) {
		i++
	}
	if i == len(name) {
		return name
	}
	escaped := append(make([]byte, 0, 2*len(name)), name[:i]...)
	for ; i < len(name) && len(escaped) <= maxName-len(`\ddd`); i++ {
		switch c := name[i]; {
		case isPlain(c):
			escaped = append(escaped, c)
		case c == '\\' || c == '"':
			escaped = append(escaped, '\\', c)
		case c == '\t':
			escaped = append(escaped, `\t`...)
		case c == '\r':
			escaped = append(escaped, `\r`...)
		case c == '\n':
			escaped = append(escaped, `\n`...)
		default:
			escaped = append(escaped, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return string(escaped)
}

func isPlain(c byte) bool { return c >= ' ' && c <= '~' && c != '\\' && c != '"' }
