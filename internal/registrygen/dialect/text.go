// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// text is a Python string: code points, of which some may be halves of a surrogate pair.
type text []rune

// The texts that strangers and issuers send, as people and programs have them, and the
// characters that forms of JSON differ in.
var (
	recipients = []string{
		"alice@corp.example", "sso|0042", "zoë.müller@corp.example", "受信者-7@例え.jp", "Анна Каренина",
		"ol'ga \"o\" <x>@corp.example", "😀👩‍👩‍👧", "a/b\\c", "7", "1", "0", "e\u0301", "null", "true",
	}
	issuers = []string{"issuer-legal", "issuer-mna", "Zürich", "7", "1"}
	zones   = []string{".t.example.com", ".bücher.example", ".\u2028.example", ".😀.example", "."}
	qtypes  = []string{"A", "AAAA", "HTTPS", "TXT", "65535"}
	agents  = []string{
		"curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
		`"q" \ <b>&`, "tab\there", "", `{"event":"beacon"}`, `\u0041 \n`, "http://example.com/",
	}
	addresses = []string{"127.0.0.1", "198.51.100.7", "::ffff:192.0.2.1", "2001:db8::53", "unknown", "192.0.2.1, 192.0.2.2"}
	// hard are single characters: controls, DEL, those that some writers escape, the
	// ends of the planes, and astral ones.
	hard = text("\x00\x01\x08\t\n\f\r\x1f\x20\"\\/\x7f\u0080\u00a0\u00ff\u2028\u2029\ud7ff\ue000\ufb33\ufeff\ufffd\uffff\U00010000😀\U0010ffff<>&'")
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, of float64) bool { return r.Float64() < of }

// hex returns n random hex digits.
func hex(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x", r.Uint64())
	}
	return b.String()[:n]
}

// noise returns up to n characters of any kind up to a highest one.
func noise(r *rand.Rand, n int, highest rune) text {
	var t text
	for range r.IntN(n) {
		c := pick(r, hard)
		if chance(r, 0.5) {
			c = 0x20 + r.Int32N(0x250)
		}
		if c <= highest {
			t = append(t, c)
		}
	}
	return t
}

// loneSurrogates returns a text with halves of surrogate pairs, each between others.
func loneSurrogates(r *rand.Rand) text {
	var t text
	for range 1 + r.IntN(3) {
		t = append(t, 'x', 0xd800+r.Int32N(0x800))
	}
	return append(t, 'x')
}
