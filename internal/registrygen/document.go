// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"fmt"
	"strconv"
)

var (
	recipients = []string{
		"alice@corp.example", "bob@corp.example", "sso|0042", "zoë.müller@corp.example", "受信者-7@例え.jp",
	}
	issuers     = []string{"issuer-legal", "issuer-mna"}
	beaconKinds = []string{"dns", "http", "ocsp", "license"}
)

// document is a marked document as it was registered for one recipient.
type document struct {
	fileID      string
	recipientID string
	issuerID    string
}

// beacon calls the registry back when its document is opened.
type beacon struct {
	token    string
	kind     string // as registered
	document *document
}

// eventKind returns the kind that the registry records for a callback of the beacon.
func (b beacon) eventKind() string {
	if b.kind == "http" {
		return kindImage
	}
	return b.kind
}

// registration is everything that the registry stores about a new document.
type registration struct {
	document
	number       int
	issuerKey    string
	recipientKey string
	contentHash  string
	signature    string
	mark         string
	beacons      []beacon
	registeredAt int64  // unix seconds
	timestamp    string // the same, in the form of the log
}

// register generates document i; the first is 0.
func (g *generator) register(i int) *registration {
	g.source.Seed(g.seed, documentStream|uint64(i)) //nolint:gosec // i is not negative
	at := g.clock(0, g.random)
	r := &registration{
		document:     document{g.uuid(), pick(g.random, recipients), pick(g.random, issuers)},
		number:       i,
		issuerKey:    g.hex(32),
		recipientKey: g.hex(32),
		contentHash:  g.hex(32),
		signature:    g.hex(64),
		mark:         g.hex(16),
		registeredAt: at.Unix(),
		timestamp:    timestamp(at),
	}
	for _, kind := range beaconKinds {
		r.beacons = append(r.beacons, beacon{g.hex(16), kind, &r.document})
	}
	return r
}

// uuid returns a random UUID, version 4.
func (g *generator) uuid() string {
	high := g.random.Uint64()&^0xf000 | 0x4000
	low := g.random.Uint64()&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1))
}

// appendLeaf appends the registration's leaf, with keys in the order of RFC 8785.
func (r *registration) appendLeaf(dst []byte) []byte {
	dst = appendCanonical(append(dst, `{"event":"register","file_id":`...), r.fileID)
	dst = appendCanonical(append(dst, `,"issuer_id":`...), r.issuerID)
	dst = appendCanonical(append(dst, `,"issuer_pub":`...), r.issuerKey)
	dst = strconv.AppendInt(append(dst, `,"n_beacons":`...), int64(len(r.beacons)), 10)
	dst = appendCanonical(append(dst, `,"n_watermarks":1,"recipient_id":`...), r.recipientID)
	dst = appendCanonical(append(dst, `,"timestamp":`...), r.timestamp)
	return append(dst, '}')
}

// manifest returns the document's manifest, as Python's json writes it with sorted keys.
func (r *registration) manifest() string {
	m := []byte(`{"beacons": [`)
	for i, b := range r.beacons {
		if i > 0 {
			m = append(m, ", "...)
		}
		m = fmt.Appendf(m, `{"kind": "%s", "token_id": "%s"}`, b.kind, b.token)
	}
	m = fmt.Appendf(m, `], "canonical_content_hash": "%[1]s", "content_hash": "%[1]s"`, r.contentHash)
	m = fmt.Appendf(m, `, "content_type": "application/octet-stream", "file_id": "%s", "issued_at": %d`, r.fileID, r.registeredAt)
	m = fmt.Appendf(m, `, "issuer_ed25519_pub": "%s", "issuer_id": "%s", "l3_policy": {}`, r.issuerKey, r.issuerID)
	m = fmt.Appendf(m, `, "original_filename": "deal-%d.docx"`, r.number)
	m = append(m, `, "policy": {"jurisdiction": "GLOBAL", "registry_url": "http://127.0.0.1:8765"}, "recipient": {"recipient_id": `...)
	m = appendPython(m, r.recipientID)
	m = fmt.Appendf(m, `, "x25519_pub": "%s"}, "signature_ed25519": "%s", "signature_ml_dsa": ""`, r.recipientKey, r.signature)
	m = append(m, `, "size_bytes": 4096, "suite": "OSGT-CLASSIC-v1", "version": "OVERSIGHT-v1"`...)
	m = fmt.Appendf(m, `, "watermarks": [{"layer": "L1_zero_width", "mark_id": "%s"}]}`, r.mark)
	return string(m)
}
