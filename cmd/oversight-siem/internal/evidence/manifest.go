// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// manifestVersion is the version whose signed forms are known.
const manifestVersion = "OVERSIGHT-v1"

// manifestDefaults are the keys of a manifest of that version and what a registry adds
// for those that are absent before it checks the signature.
var manifestDefaults = []member{
	{"beacons", value{kind: '['}},
	{"canonical_content_hash", stringValue("")},
	{"content_hash", stringValue("")},
	{"content_type", stringValue("application/octet-stream")},
	{"file_id", stringValue("")},
	{"issued_at", value{kind: '0', text: "0"}},
	{"issuer_ed25519_pub", stringValue("")},
	{"issuer_id", stringValue("")},
	{"l3_policy", value{kind: '{'}},
	{"original_filename", stringValue("")},
	{"policy", value{kind: '{'}},
	{"signature_ed25519", stringValue("")},
	{"signature_ml_dsa", stringValue("")},
	{"size_bytes", value{kind: '0', text: "0"}},
	{"suite", stringValue("OSGT-CLASSIC-v1")},
	{"version", stringValue(manifestVersion)},
	{"watermarks", value{kind: '['}},
}

// recipientKeys are the keys of a manifest's recipient.
var recipientKeys = []string{"ed25519_pub", "p256_pub", "recipient_id", "x25519_pub"}

// checkManifest checks the issuer's signature over the manifest, and that the manifest
// is that of the bundle's file.
func (b *bundle) checkManifest() {
	s := &b.result.Summary
	issuer, key := b.manifest.get("issuer_id"), b.manifest.get("issuer_ed25519_pub")
	recipient := b.manifest.get("recipient")
	recipientID := recipient.get("recipient_id")
	s.Issuer, s.IssuerKey, s.Recipient = issuer.stored(), key.string(), recipientID.stored()
	if id := b.manifest.get("file_id"); id.text != b.fileID {
		b.result.finding(CheckManifest, fmt.Sprintf("the manifest is of file %.80q", id.text))
	}
	if b.keys.Issuer != nil && s.IssuerKey != hex.EncodeToString(b.keys.Issuer) {
		s.Manifest = SignatureInvalid
		b.result.finding(CheckManifest, fmt.Sprintf("the manifest states the issuer's key %.80q, not that of --issuer-key", s.IssuerKey))
		return
	}
	s.Manifest = b.manifestSignature()
	b.checkRegistered("beacons", "token_id", "token")
	b.checkRegistered("watermarks", "mark_id", "watermark")
}

// manifestSignature checks the signature with the key that the manifest states.
func (b *bundle) manifestSignature() string {
	if version := b.manifest.get("version"); version.kind != 0 && version.string() != manifestVersion {
		b.result.notProven(CheckManifest, fmt.Sprintf("the manifest has version %.40q: how it is signed is not known", version.text))
		return SignatureNotChecked
	}
	signature := b.manifest.get("signature_ed25519")
	key, err := tlog.ParsePublicKey(b.result.Summary.IssuerKey)
	if err != nil || signature.string() == "" {
		b.result.finding(CheckManifest, "the manifest is not signed: it lacks a signature or the issuer's key")
		return SignatureInvalid
	}
	if verifyManifest(key, signature.text, b.manifest) {
		return SignatureValid
	}
	unknown, known := known(b.manifest)
	if len(unknown) > 0 && verifyManifest(key, signature.text, known) {
		b.result.notProven(CheckManifest, "the issuer did not sign all of the manifest: not signed are "+strings.Join(unknown, ", "))
		return SignatureValid
	}
	b.result.finding(CheckManifest, "the manifest is not signed by the issuer's key that it states")
	return SignatureInvalid
}

// verifyManifest tries the forms of a manifest that registries accept: as it is, with
// defaults for absent keys, without nulls, and without the keys that the first versions
// did not have.
func verifyManifest(key ed25519.PublicKey, signature string, manifest value) bool {
	unsigned := manifest.with("signature_ed25519", stringValue(""))
	unsigned = unsigned.with("signature_ml_dsa", stringValue(""))
	full := unsigned
	for _, m := range manifestDefaults {
		if v := full.get(m.name); v.kind == 0 {
			full = full.with(m.name, m.value)
		}
	}
	candidates := []value{unsigned, full, withoutNewKeys(full)}
	for i := range candidates {
		without := candidates[i].withoutNulls()
		for _, candidate := range []*value{&candidates[i], &without} {
			if _, valid := verify(key, signature, candidate); valid {
				return true
			}
		}
	}
	return false
}

// withoutNewKeys returns a manifest without the keys that the first versions did not
// have, where they are empty.
func withoutNewKeys(manifest value) value {
	if v := manifest.get("canonical_content_hash"); v.kind == '"' && v.text == "" {
		manifest = manifest.without("canonical_content_hash")
	}
	if v := manifest.get("l3_policy"); v.kind == '{' && len(v.members) == 0 {
		manifest = manifest.without("l3_policy")
	}
	return manifest
}

// known returns the names of the keys that a manifest of this version does not have,
// and the manifest without them. The public Rust registry does not include them in
// what it checks the signature of.
func known(manifest value) (unknown []string, left value) {
	left = manifest
	for _, m := range manifest.members {
		isKnown := m.name == "recipient" || slices.ContainsFunc(manifestDefaults, func(d member) bool { return d.name == m.name })
		if !isKnown {
			unknown = append(unknown, m.name)
		}
	}
	left = left.without(unknown...)
	recipient := manifest.get("recipient")
	var ofRecipient []string
	for _, m := range recipient.members {
		if !slices.Contains(recipientKeys, m.name) {
			ofRecipient = append(ofRecipient, m.name)
			unknown = append(unknown, "recipient."+m.name)
		}
	}
	if len(ofRecipient) > 0 {
		left = left.with("recipient", recipient.without(ofRecipient...))
	}
	return unknown, left
}

// checkRegistered says which rows of one of the bundle's lists the manifest does not
// name. An earlier manifest of the file may have named them.
func (b *bundle) checkRegistered(list, id, noun string) {
	named := b.named(list, id)
	rows := b.root.get(list)
	for i := range rows.items {
		v := rows.items[i].get(id)
		if !named[v.text] {
			b.result.notProven(CheckToken, fmt.Sprintf("%s %.80q is registered for the file, but the manifest does not name it: an earlier manifest of the file may have", noun, v.text))
		}
	}
}

// named returns the ids in one of the manifest's lists.
func (b *bundle) named(list, id string) map[string]bool {
	named := map[string]bool{}
	items := b.manifest.get(list)
	for i := range items.items {
		v := items.items[i].get(id)
		named[v.text] = v.kind != 0
	}
	return named
}
