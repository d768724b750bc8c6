// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// unknownID is what the registries write for an id that a manifest does not have.
const unknownID = "unknown"

// manifest is what a manifest says.
type manifest struct {
	fileID, recipientID, issuerID string
	// key is the issuer's public key, as the manifest has it: 64 hex digits.
	key    string
	tokens []string
	signed bool // by that key
}

// lists reports whether the manifest lists a token.
func (m *manifest) lists(token string) bool { return slices.Contains(m.tokens, token) }

// names reports whether the manifest is of that recipient and issuer.
func (m *manifest) names(recipientID, issuerID string) bool {
	return m.recipientID == recipientID && m.issuerID == issuerID
}

// parseManifest parses a manifest and checks its signature. ok is false if it is none, or
// one of its ids is no text: registries differ in what they make of these.
func parseManifest(text []byte) (m manifest, ok bool) {
	fields, ok := decodeManifest(text)
	if !ok {
		return manifest{}, false
	}
	if m, ok = manifestOf(fields); ok {
		m.signed = isSigned(fields)
	}
	return m, ok
}

// decodeManifest returns the members of a manifest. Numbers keep their text.
func decodeManifest(text []byte) (fields map[string]any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&fields)
	return fields, err == nil && fields != nil
}

// manifestOf is what the members say, without the signature.
func manifestOf(fields map[string]any) (m manifest, ok bool) {
	recipient, _ := fields["recipient"].(map[string]any)
	ok = setID(&m.fileID, fields["file_id"]) && setID(&m.issuerID, fields["issuer_id"]) &&
		setID(&m.recipientID, recipient["recipient_id"]) && setID(&m.key, fields["issuer_ed25519_pub"])
	m.tokens = tokensOf(fields)
	return m, ok
}

// tokensOf are the tokens that a manifest lists.
func tokensOf(fields map[string]any) (tokens []string) {
	beacons, _ := fields["beacons"].([]any)
	for _, b := range beacons {
		beacon, _ := b.(map[string]any)
		if token, isText := beacon["token_id"].(string); isText {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// setID sets an id from its JSON value; ok is false for one that is neither a text nor
// absent.
func setID(id *string, value any) (ok bool) {
	if value == nil {
		*id = unknownID
		return true
	}
	*id, ok = value.(string)
	return ok
}

// isSigned reports whether the issuer's key in a manifest signed it. What is signed is
// its canonical JSON without signatures, in one of the forms that the registries accept.
func isSigned(fields map[string]any) bool {
	signature, okSignature := hexField(fields, "signature_ed25519", ed25519.SignatureSize)
	key, okKey := hexField(fields, "issuer_ed25519_pub", ed25519.PublicKeySize)
	if !okSignature || !okKey {
		return false
	}
	var tried [][]byte
	for _, form := range signedForms {
		message := form(fields)
		if message == nil || slices.ContainsFunc(tried, func(other []byte) bool { return bytes.Equal(other, message) }) {
			continue
		}
		if ed25519.Verify(key, message, signature) {
			return true
		}
		tried = append(tried, message)
	}
	return false
}

func hexField(fields map[string]any, name string, size int) ([]byte, bool) {
	text, _ := fields[name].(string)
	data, err := hex.DecodeString(text)
	return data, err == nil && len(data) == size
}

// signedForms are the texts of a manifest that may have been signed; nil for none. The
// Python registry makes ASCII of it, the Rust one RFC 8785. Both add what is absent, and
// drop what is null. Rust accepts keys that it does not know, which are not signed, and
// manifests from before two of the keys.
var signedForms = []func(fields map[string]any) []byte{
	func(fields map[string]any) []byte { return asASCII(unsigned(fields)) },
	func(fields map[string]any) []byte { return asRFC8785(unsigned(fields)) },
	func(fields map[string]any) []byte { return asASCII(withDefaults(fields)) },
	func(fields map[string]any) []byte { return asRFC8785(withDefaults(fields)) },
	func(fields map[string]any) []byte { return asRFC8785(withoutNewKeys(fields)) },
}

// defaults are the keys of a manifest, with the values that registries add.
var defaults = map[string]any{
	"version": "OVERSIGHT-v1", "suite": "OSGT-CLASSIC-v1", "original_filename": "", "content_hash": "",
	"canonical_content_hash": "", "content_type": "application/octet-stream", "size_bytes": json.Number("0"), "issuer_id": "",
	"watermarks": []any{}, "beacons": []any{}, "policy": map[string]any{}, "l3_policy": map[string]any{},
	"file_id": nil, "issued_at": nil, "issuer_ed25519_pub": nil, "recipient": nil,
	keySignature: "", keySignaturePQ: "",
}

const (
	keySignature   = "signature_ed25519"
	keySignaturePQ = "signature_ml_dsa"
)

// unsigned is the manifest as it is, without signatures.
func unsigned(fields map[string]any) map[string]any {
	copied := map[string]any{}
	for name, value := range fields {
		copied[name] = value
	}
	copied[keySignature], copied[keySignaturePQ] = "", ""
	return copied
}

// withDefaults has all the keys of a manifest and no other, without signatures.
func withDefaults(fields map[string]any) map[string]any {
	copied := map[string]any{}
	for name, value := range defaults {
		if given, ok := fields[name]; ok {
			value = given
		}
		copied[name] = value
	}
	copied[keySignature], copied[keySignaturePQ] = "", ""
	return copied
}

// withoutNewKeys is withDefaults of manifests from before these keys.
func withoutNewKeys(fields map[string]any) map[string]any {
	copied := withDefaults(fields)
	if copied["canonical_content_hash"] == "" {
		delete(copied, "canonical_content_hash")
	}
	if policy, ok := copied["l3_policy"].(map[string]any); ok && len(policy) == 0 {
		delete(copied, "l3_policy")
	}
	return copied
}

// asRFC8785 is canonical JSON.
func asRFC8785(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(dropNulls(value)); err != nil {
		return nil
	}
	text := jsontext.Value(b.Bytes())
	if err := text.Canonicalize(); err != nil {
		return nil
	}
	return text
}

// asASCII is json.dumps(value, sort_keys=True, separators=(",", ":")) of Python.
func asASCII(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b) // sorts keys by their UTF-8, which is by code points
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(dropNulls(value)); err != nil {
		return nil
	}
	return escapeASCII(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// dropNulls leaves out the members that are null, as registries do.
func dropNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := map[string]any{}
		for name, member := range value {
			if member != nil {
				copied[name] = dropNulls(member)
			}
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i := range value {
			copied[i] = dropNulls(value[i])
		}
		return copied
	default:
		return value
	}
}
