// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Shares of events, as in a sample of a real registry's database.
const (
	unknownTokens = 0.09 // of all events
	unnamedDNS    = 0.27 // of DNS queries, without a name
)

// The kinds of callbacks that the registry records.
const (
	kindDNS     = "dns"
	kindImage   = "http_img"
	kindOCSP    = "ocsp"
	kindLicense = "license"
)

var (
	kinds  = []string{kindDNS, kindImage, kindOCSP, kindLicense}
	qtypes = []string{"", "A", "AAAA", "TXT"}
	zones  = []string{".t.example.com", ".bücher.example"}

	userAgents = []string{
		"",
		"curl/8.5.0",
		"python-httpx/0.23",
		"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
		`Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) "quoted" \back\ <script>`,
		"Büro/2.1 (日本語; 👀)",
		strings.Repeat("x", 900),
	}
)

// event is one callback.
type event struct {
	token     string
	document  *document // nil for an unknown token
	kind      string
	sourceIP  string
	userAgent string // empty for DNS
	qtype     string // DNS only; empty is null, as in the next
	qname     string
	logged    time.Time // the leaf's and qualified_timestamp
	recorded  time.Time // the row's timestamp, a moment later
	tlogIndex int64
}

// generator generates what a registry records. The nth event depends on the seed,
// the clock and the beacons, not on the events before it.
type generator struct {
	seed    uint64
	clock   clock
	beacons []beacon

	source *rand.PCG
	random *rand.Rand // draws from source
}

func newGenerator(seed uint64, clock clock) *generator {
	source := rand.NewPCG(0, 0)
	return &generator{seed: seed, clock: clock, source: source, random: rand.New(source)} //nolint:gosec // the content must be reproducible
}

// Documents and events use different streams of random numbers.
const documentStream = 1 << 63

// event generates event n; the first is 1.
func (g *generator) event(n int64) event {
	g.source.Seed(g.seed, uint64(n)) //nolint:gosec // n is not negative
	e := event{logged: g.clock(n, g.random)}
	e.recorded = e.logged.Add(time.Duration(g.random.Int64N(int64(8 * time.Millisecond))))
	if len(g.beacons) == 0 || g.random.Float64() < unknownTokens {
		e.token, e.kind = g.hex(16), pick(g.random, kinds)
	} else {
		b := pick(g.random, g.beacons)
		e.token, e.kind, e.document = b.token, b.eventKind(), b.document
	}
	e.sourceIP = g.address()
	if e.kind != kindDNS {
		e.userAgent = pick(g.random, userAgents)
		return e
	}
	e.qtype = pick(g.random, qtypes)
	if g.random.Float64() >= unnamedDNS {
		e.qname = e.token + pick(g.random, zones)
	}
	return e
}

// address returns one that is reserved for documentation (RFC 5737, RFC 3849).
func (g *generator) address() string {
	const formats = 3
	host := 1 + g.random.IntN(254)
	switch g.random.IntN(formats) {
	case 0:
		return fmt.Sprintf("198.51.100.%d", host)
	case 1:
		return fmt.Sprintf("203.0.113.%d", host)
	default:
		return fmt.Sprintf("2001:db8::%x", host)
	}
}

// hex returns n random bytes in hex.
func (g *generator) hex(n int) string {
	text := make([]byte, 0, 2*n)
	for len(text) < 2*n {
		text = fmt.Appendf(text, "%016x", g.random.Uint64())
	}
	return string(text[:2*n])
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// extra returns the row's column of that name, as Python's json writes it.
func (e *event) extra() string {
	if e.kind != kindDNS {
		return "{}"
	}
	text := orNull([]byte(`{"qtype": `), e.qtype, appendPython)
	text = orNull(append(text, `, "qname": `...), e.qname, appendPython)
	return string(append(text, '}'))
}

// row returns the values for insertEvent.
func (e *event) row() []any {
	var fileID, recipientID, issuerID any
	if d := e.document; d != nil {
		fileID, recipientID, issuerID = d.fileID, d.recipientID, d.issuerID
	}
	return []any{
		e.token, fileID, recipientID, issuerID, e.kind, e.sourceIP, e.userAgent, e.extra(),
		e.recorded.Unix(), timestamp(e.logged), e.tlogIndex,
	}
}

// appendLeaf appends the event's leaf, with keys in the order of RFC 8785.
func (e *event) appendLeaf(dst []byte) []byte {
	var fileID, recipientID string
	if e.document != nil {
		fileID, recipientID = e.document.fileID, e.document.recipientID
	}
	dst = orNull(append(dst, `{"event":"beacon","file_id":`...), fileID, appendCanonical)
	dst = appendCanonical(append(dst, `,"kind":`...), e.kind)
	if e.kind == kindDNS {
		dst = orNull(append(dst, `,"qname":`...), e.qname, appendCanonical)
		dst = orNull(append(dst, `,"qtype":`...), e.qtype, appendCanonical)
	}
	dst = orNull(append(dst, `,"recipient_id":`...), recipientID, appendCanonical)
	dst = appendCanonical(append(dst, `,"source_ip":`...), e.sourceIP)
	dst = appendCanonical(append(dst, `,"timestamp":`...), timestamp(e.logged))
	dst = appendCanonical(append(dst, `,"token_id":`...), e.token)
	if e.kind != kindDNS {
		dst = appendCanonical(append(dst, `,"user_agent":`...), e.userAgent)
	}
	return append(dst, '}')
}
