// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// publicKeyDigits are the hex digits of an Ed25519 public key.
	publicKeyDigits = 64
	// maxShortIDDigits is the longest id of hex digits that is taken for a short id
	// of the operator's choice. A longer one was meant to be a public key.
	maxShortIDDigits = 40
	// maxIDBytes bounds what is added to each request.
	maxIDBytes = 256
)

// CheckID returns an error that names the setting if text cannot be the id of a
// registry: its public key as 64 hex digits in lower case, or a short id of printable
// characters without spaces. The id is part of every uid, so that one key must not
// have two spellings. It accepts the empty text.
func CheckID(name, text string) error {
	if len(text) > maxIDBytes {
		return fmt.Errorf("%s has %d bytes: must have at most %d", name, len(text), maxIDBytes)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, isNotIDCharacter) {
		return fmt.Errorf("%s is %q: must not contain spaces, line ends or other characters that are not printed", name, text)
	}
	if strings.Trim(text, "0123456789abcdefABCDEF") != "" || len(text) <= maxShortIDDigits {
		return nil
	}
	if len(text) != publicKeyDigits {
		return fmt.Errorf("%s is %q: has %d hex digits, but a public key has %d: copy `ed25519_pub` of the registry's /.well-known/oversight-registry", name, text, len(text), publicKeyDigits)
	}
	if lower := strings.ToLower(text); lower != text {
		return fmt.Errorf("%s is %q: a public key must be in lower case: %s", name, text, lower)
	}
	return nil
}

func isNotIDCharacter(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
