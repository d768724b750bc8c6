// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// MaxSize is the size, in bytes, of the largest bundle that is read.
const MaxSize = 64 << 20

// signatureKey is the key of the registry's signature, which covers all other keys.
const signatureKey = "bundle_signature_ed25519"

// Keys are the public keys that signatures are checked with.
type Keys struct {
	// Registry signs bundles and tree heads. Default: neither is checked.
	Registry ed25519.PublicKey
	// Issuer signs the manifest. Default: the key that the manifest states.
	Issuer ed25519.PublicKey
}

// Check checks a bundle. The error says that the text is not a bundle at all, such as
// an error page or a response that was cut off: it says nothing about the registry.
func Check(text []byte, keys Keys) (*Result, error) {
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("not an evidence bundle: %w", err)
	}
	b := bundle{root: root, keys: keys}
	if err := b.open(); err != nil {
		return nil, fmt.Errorf("not an evidence bundle: %w", err)
	}
	b.checkSignature()
	b.checkHead()
	b.checkManifest()
	b.checkEvents()
	return &b.result, nil
}

// bundle is a bundle that is being checked.
type bundle struct {
	root   value
	keys   Keys
	result Result

	fileID   string
	manifest value
	events   []event
	head     *tlog.Head // nil if there is none that can be read
	raced    *bool      // what headRaced returns; nil before the first call
}

// open reads what must be there.
func (b *bundle) open() error {
	if b.root.kind != '{' {
		return errors.New("it is not a JSON object")
	}
	for _, required := range []struct {
		name string
		kind jsontext.Kind
	}{
		{"file_id", '"'},
		{"bundle_generated_at", '"'},
		{"registry_pub", '"'},
		{signatureKey, '"'},
		{"manifest", '{'},
		{"events", '['},
		{"tlog_proofs", '['},
	} {
		if v := b.root.get(required.name); v.kind != required.kind {
			return fmt.Errorf("it lacks %s, or that has another type", required.name)
		}
	}
	s := &b.result.Summary
	generated, registry := b.root.get("bundle_generated_at"), b.root.get("registry_pub")
	fileID := b.root.get("file_id")
	b.fileID = fileID.text
	b.manifest = b.root.get("manifest")
	s.FileID, s.GeneratedAt, s.RegistryKey = fileID.text, generated.text, registry.text
	return b.openEvents()
}

// checkSignature checks the registry's signature over the bundle.
func (b *bundle) checkSignature() {
	s := &b.result.Summary
	if b.keys.Registry == nil {
		s.Signature = SignatureNotChecked
		b.result.notProven(CheckSignature, "the registry's signature was not checked: pass the registry's key with --public-key")
		return
	}
	if key := hex.EncodeToString(b.keys.Registry); s.RegistryKey != key {
		b.result.finding(CheckBundle, fmt.Sprintf("registry_pub is %.80q, not the key of --public-key", s.RegistryKey))
	}
	signed, signature := b.root.without(signatureKey), b.root.get(signatureKey)
	used, valid := verify(b.keys.Registry, signature.text, &signed)
	if s.Signature, s.SignedForm = SignatureInvalid, ""; valid {
		s.Signature, s.SignedForm = SignatureValid, string(used)
		return
	}
	b.result.finding(CheckSignature, "the bundle is not signed by the registry's key: it was changed, or another registry made it")
}

// verify reports whether a signature, in hex, is a key's over a value, and in which
// form.
func verify(key ed25519.PublicKey, signature string, v *value) (used form, valid bool) {
	var decoded [ed25519.SignatureSize]byte
	if !leaf.DecodeHex(decoded[:], signature) {
		return "", false
	}
	var previous []byte
	for _, f := range forms {
		message := f.append(make([]byte, 0, len(previous)), v)
		if bytes.Equal(message, previous) {
			continue
		}
		if ed25519.Verify(key, message, decoded[:]) {
			return f, true
		}
		previous = message
	}
	return "", false
}

// checkHead checks the signature of the tree head.
func (b *bundle) checkHead() {
	s := &b.result.Summary
	s.Head = SignatureNotChecked
	object := b.root.get("tlog_head")
	if object.kind != '{' {
		b.result.notProven(CheckHead, "the bundle has no tree head: that the leaves are in the registry's log is not proven")
		return
	}
	if signature, message := object.get("signature"), object.get("signed_message"); signature.string() == "" && message.string() == "" {
		b.result.notProven(CheckHead, "the tree head is not signed: it proves nothing")
		return
	}
	head, err := tlog.ParseHead(formCanonical.append(nil, &object))
	if syntax := (*tlog.HeadSyntaxError)(nil); errors.As(err, &syntax) {
		b.result.notProven(CheckHead, "the tree head cannot be read: "+syntax.Reason)
		return
	}
	s.HeadSize, s.HeadRoot = head.Size, head.Root.String()
	b.head = &head
	switch {
	case err != nil:
		s.Head = SignatureInvalid
		b.result.finding(CheckHead, err.Error())
	case b.keys.Registry == nil:
	case head.Verify(b.keys.Registry) != nil:
		s.Head = SignatureInvalid
		b.result.finding(CheckHead, tlog.ErrSignature.Error())
	default:
		s.Head = SignatureValid
	}
}
