// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"crypto/sha256"
	encodinghex "encoding/hex"
	"math/rand/v2"
	"slices"
	"time"
	"unicode"
)

// Record is a beacon callback.
type Record struct {
	// Row is its row. The caller sets tlog_index.
	Row Row
	// Leaf is the bytes of its leaf.
	Leaf []byte
}

// Generator generates what a registry records. It is not safe for concurrent use.
type Generator struct {
	dialect Dialect
	r       *rand.Rand
	now     time.Time
}

// New makes a generator.
func New(d Dialect, seed uint64) *Generator {
	return &Generator{
		dialect: d,
		r:       rand.New(rand.NewPCG(seed, uint64(d))), //nolint:gosec // the content must be reproducible
		now:     time.Date(2026, 11, 25, 14, 10, 10, 0, time.UTC),
	}
}

// call is the values of a beacon callback: nil is NULL and null.
type call struct {
	kind                      string
	token, file, recipient    any
	issuer, address           any
	agent, name, questionType any
}

// Next generates a beacon callback.
func (g *Generator) Next() Record {
	g.now = g.now.Add(time.Duration(g.r.IntN(2000)) * time.Millisecond)
	c := g.call()
	when := g.timestamp()
	// The row is written once the leaf is durable, which took up to 7 s on a slow disk.
	late := time.Duration(pick(g.r, []int{0, 0, 0, 1, 900, 7000})) * time.Millisecond
	row := Row{
		"kind": c.kind, "token_id": column(c.token), "file_id": column(c.file), "recipient_id": column(c.recipient),
		"issuer_id": column(c.issuer), "source_ip": column(c.address), "user_agent": "", "extra": "{}",
		"timestamp": g.now.Add(late).Unix(), "qualified_timestamp": when, "tlog_index": nil,
	}
	members := []member{
		{"event", "beacon"},
		{"kind", c.kind},
		{"token_id", c.token},
		{"file_id", c.file},
		{"recipient_id", g.id(c.recipient)},
		{"source_ip", c.address},
		{"timestamp", when},
	}
	if c.kind == "dns" {
		row["extra"] = g.extra(c)
		members = append(members, member{"qname", c.name}, member{"qtype", c.questionType})
	} else {
		row["user_agent"] = column(c.agent)
		members = append(members, member{"user_agent", c.agent})
	}
	return Record{Row: row, Leaf: g.leaf(members)}
}

// Register generates the leaf of a registration, which has no row in the events table.
func (g *Generator) Register() []byte {
	return g.leaf([]member{
		{"event", "register"},
		{"file_id", hex(g.r, 32)},
		{"recipient_id", g.id(pick(g.r, recipients))},
		{"issuer_id", g.id(pick(g.r, issuers))},
		{"issuer_pub", hex(g.r, 64)},
		{"n_beacons", int64(4)},
		{"n_watermarks", int64(1)},
		{"timestamp", g.timestamp()},
	})
}

// Line returns the line of a leaf, with its newline.
func (g *Generator) Line(index int64, leaf []byte) []byte {
	hash := sha256.Sum256(append([]byte{0}, leaf...))
	members := []member{{"index", index}, {"leaf_hash", encodinghex.EncodeToString(hash[:])}, {"leaf_data", string(leaf)}}
	digits := member{"leaf_data_hex", encodinghex.EncodeToString(leaf)}
	w := python(", ", ": ")
	switch g.dialect {
	case PublicPython:
	case PublicRust:
		w = canonical()
	case Newer:
		members = append(members, digits)
	case Free:
		w = free(g.r)
		if chance(g.r, 0.5) {
			members = append(members, digits)
		}
		w.space = pick(g.r, []func() string{noSpace, func() string { return " " }, func() string { return "\t" }})
		members = g.shuffle(append(members, g.unknown()...))
	}
	return append([]byte(w.object(members)), '\n')
}

func (g *Generator) leaf(members []member) []byte {
	w := canonical()
	switch g.dialect {
	case PublicPython:
		w = python(",", ":")
	case PublicRust, Newer:
	case Free:
		members = slices.DeleteFunc(members, func(m member) bool {
			return m.value == nil && m.key != "qname" && m.key != "qtype" && chance(g.r, 0.2)
		})
		return []byte(free(g.r).object(g.shuffle(append(members, g.unknown()...))))
	}
	slices.SortFunc(members, func(a, b member) int { return compare(a.key, b.key) })
	return []byte(w.object(members))
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// extra is the column of a DNS query.
func (g *Generator) extra(c *call) string {
	members := []member{{"qtype", c.questionType}, {"qname", c.name}}
	switch g.dialect {
	case PublicPython, Newer:
		return python(", ", ": ").object(members)
	case PublicRust:
		slices.Reverse(members)
		return canonical().object(members)
	default:
		return free(g.r).object(g.shuffle(append(members, g.unknown()...)))
	}
}

func (g *Generator) call() *call {
	c := &call{kind: pick(g.r, []string{"dns", "http_img", "ocsp", "license"}), token: hex(g.r, 32)}
	if chance(g.r, 0.9) {
		c.file, c.recipient, c.issuer = hex(g.r, 32), pick(g.r, recipients), pick(g.r, issuers)
	} else if chance(g.r, 0.5) { // a token that a stranger made up
		c.token = "x" + string(noise(g.r, 12, unicode.MaxRune))
	}
	if c.address = pick(g.r, addresses); c.kind == "dns" {
		g.question(c)
		return c
	}
	switch g.dialect {
	case PublicPython: // decoded as Latin-1
		c.agent = pick(g.r, []string{pick(g.r, agents), "Café/1.0", string(noise(g.r, 12, 0xff))})
	case PublicRust: // empty unless it is ASCII
		c.agent = pick(g.r, agents)
	case Newer, Free:
		c.agent = pick(g.r, []string{pick(g.r, agents), pick(g.r, recipients), string(noise(g.r, 12, unicode.MaxRune))})
	}
	return c
}

// question sets what was asked for. Its values come from the DNS server, as JSON.
func (g *Generator) question(c *call) {
	if chance(g.r, 0.1) {
		c.address = nil
	}
	if chance(g.r, 0.75) {
		c.questionType = pick(g.r, qtypes)
	}
	if chance(g.r, 0.75) {
		c.name = c.token.(string) + pick(g.r, zones)
	}
	if python := g.dialect == PublicPython || g.dialect == Free; python && chance(g.r, 0.1) {
		c.name = loneSurrogates(g.r)
	} else if python && chance(g.r, 0.05) {
		c.questionType = loneSurrogates(g.r)
	}
}

// id is an id as a manifest may have it, where the dialect repeats that in leaves.
func (g *Generator) id(id any) any {
	if g.dialect != Free || chance(g.r, 0.5) {
		return id
	}
	switch id {
	case "7":
		return int64(7)
	case "1":
		return pick(g.r, []any{int64(1), true})
	case "0":
		return pick(g.r, []any{int64(0), false})
	}
	return id
}

// timestamp is now, as the registry's clock has it in leaves.
func (g *Generator) timestamp() string {
	if g.dialect != Free {
		return g.now.Format("2006-01-02T15:04:05Z")
	}
	zone := pick(g.r, []int{0, 0, 3600, -9 * 3600, 5*3600 + 1800})
	return g.now.In(time.FixedZone("", zone)).Format(pick(g.r, []string{time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.000000Z07:00"}))
}

func (g *Generator) shuffle(members []member) []member {
	g.r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return members
}

// unknown are keys that nobody knows, most often none.
func (g *Generator) unknown() []member {
	values := []any{
		nil, true, int64(-1), raw("1e400"), raw("0.10"), string(noise(g.r, 8, unicode.MaxRune)), loneSurrogates(g.r),
		[]member{{"event", "beacon"}, {"kind", "x"}},
		[]any{int64(1), "x", []any{}, []member{}},
	}
	var members []member
	for _, key := range []string{"v", "seq", "Event", "user-agent", "ключ", "a\"b", ""} {
		if chance(g.r, 0.1) {
			members = append(members, member{key, pick(g.r, values)})
		}
	}
	return members
}

// column is the value of a column.
func column(value any) any {
	if t, ok := value.(text); ok {
		return string(t)
	}
	return value
}
