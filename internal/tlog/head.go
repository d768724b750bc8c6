// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// ErrSignature says that a tree head is not signed by the key, or that its
// signed_message does not match its size and root.
var ErrSignature = errors.New("the tree head is not signed by the registry's key")

// ErrUnsigned says that a tree head has no signature, as those of a registry without an
// identity. It proves nothing.
var ErrUnsigned = errors.New("the tree head is not signed")

// HeadSyntaxError says that something is not a tree head at all: an error page, or
// a response that was cut off. It says nothing about the registry.
type HeadSyntaxError struct {
	// Reason is a clause that says what is wrong, for people.
	Reason string
}

func (e *HeadSyntaxError) Error() string { return "not a signed tree head: " + e.Reason }

// Head is a signed tree head, the response to GET /tlog/head of a registry.
type Head struct {
	// Size is the number of leaves, from 0.
	Size int64
	// Root is the root of the tree over them.
	Root Hash
	// Signature is the registry's Ed25519 signature of [Head.Message].
	Signature [ed25519.SignatureSize]byte
}

// headKeys are the keys of a head that count. The first two are required.
var headKeys = [...]string{"size", "root", "signature", "signed_message"}

// ParseHead parses an object with the keys size, root, signature and signed_message,
// in any order, with nothing but white space around it. Hex digits are in lower case.
// Other keys, which newer registries may add, are ignored: what counts is signed. No
// key may be repeated.
//
// It returns a *[HeadSyntaxError] for anything else. The head is returned with an error
// that matches [ErrUnsigned] if signature is absent, null or empty, and with one that
// matches [ErrSignature] if signed_message is not [Head.Message].
func ParseHead(data []byte) (Head, error) {
	var head Head
	values, err := scanHead(data)
	if err != nil {
		return Head{}, &HeadSyntaxError{Reason: err.Error()}
	}
	if head.Size, err = strconv.ParseInt(string(values[0]), 10, 64); err != nil || head.Size < 0 || strconv.FormatInt(head.Size, 10) != string(values[0]) {
		return Head{}, &HeadSyntaxError{Reason: fmt.Sprintf("its size (%.40q) is not a non-negative integer", values[0])}
	}
	root, err := headText(&values, 1)
	if err != nil {
		return Head{}, err
	}
	if head.Root, err = leaf.ParseHash(root); err != nil {
		return Head{}, &HeadSyntaxError{Reason: "its root is invalid: " + err.Error()}
	}
	if lacksSignature(values[2]) {
		return head, ErrUnsigned
	}
	return parseSignature(head, &values)
}

// lacksSignature reports whether the value of signature is that of an unsigned head.
func lacksSignature(signature jsontext.Value) bool {
	return signature == nil || signature.Kind() == 'n' || string(signature) == `""`
}

// parseSignature adds the signature to a head.
func parseSignature(head Head, values *[len(headKeys)]jsontext.Value) (Head, error) {
	signature, err := headText(values, 2)
	if err != nil {
		return Head{}, err
	}
	message, err := headText(values, 3)
	if err != nil {
		return Head{}, err
	}
	if !leaf.DecodeHex(head.Signature[:], signature) {
		return Head{}, &HeadSyntaxError{Reason: fmt.Sprintf("its signature is not %d lower-case hex digits", 2*len(head.Signature))}
	}
	if message != string(head.Message()) {
		return head, fmt.Errorf("%w: its signed_message, %.200q, does not match its size and root", ErrSignature, message)
	}
	return head, nil
}

// headText is the value of the key with that number in headKeys, a string.
func headText(values *[len(headKeys)]jsontext.Value, key int) (string, error) {
	if values[key] == nil {
		return "", &HeadSyntaxError{Reason: "it lacks " + headKeys[key]}
	}
	token, err := jsontext.NewDecoder(bytes.NewReader(values[key])).ReadToken()
	if err != nil || token.Kind() != '"' {
		return "", &HeadSyntaxError{Reason: "its " + headKeys[key] + " is not a string"}
	}
	return token.String(), nil
}

// scanHead returns the values in the order of headKeys.
func scanHead(data []byte) (values [len(headKeys)]jsontext.Value, err error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	if decoder.PeekKind() != '{' {
		return values, errors.New("it is not a JSON object")
	}
	_, err = decoder.ReadToken()
	for err == nil && decoder.PeekKind() != '}' {
		err = readHead(decoder, &values)
	}
	if err != nil {
		return values, err
	}
	if _, err = decoder.ReadToken(); err != nil {
		return values, err
	}
	if _, err = decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return values, errors.New("unexpected data follows its JSON object")
	}
	if values[0] == nil {
		return values, errors.New("it lacks size")
	}
	return values, nil
}

// readHead reads a key and its value, and keeps the value of one that counts. The
// decoder refuses repeated keys.
func readHead(decoder *jsontext.Decoder, values *[len(headKeys)]jsontext.Value) error {
	token, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	name := token.String()
	value, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	for i, key := range headKeys {
		if name == key {
			values[i] = value.Clone()
		}
	}
	return nil
}

// Message returns what the registry signs: the canonical JSON of size and root.
func (h *Head) Message() []byte {
	message := append([]byte(nil), `{"root":"`...)
	message = append(message, h.Root.String()...)
	message = strconv.AppendInt(append(message, `","size":`...), h.Size, 10)
	return append(message, '}')
}

// Verify checks the signature. The error matches [ErrSignature].
func (h *Head) Verify(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: the key has %d bytes instead of %d", ErrSignature, len(key), ed25519.PublicKeySize)
	}
	if !ed25519.Verify(key, h.Message(), h.Signature[:]) {
		return ErrSignature
	}
	return nil
}

// ParsePublicKey parses a registry's Ed25519 public key in the form in which
// /.well-known/oversight-registry publishes it: 64 hex digits in lower case.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	key := make(ed25519.PublicKey, ed25519.PublicKeySize)
	if !leaf.DecodeHex(key, text) {
		return nil, fmt.Errorf("must be an Ed25519 public key, %d lower-case hex digits", 2*len(key))
	}
	return key, nil
}
