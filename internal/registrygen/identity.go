// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// IdentityFile is the name of the file beside the database that holds the
// registry's Ed25519 key pair. Only its owner may read it.
const IdentityFile = "registry-identity.json"

// identity is the content of IdentityFile as a registry writes it, and Generated: only
// registries that have it set may be damaged.
type identity struct {
	Private   string `json:"ed25519_priv"`
	Public    string `json:"ed25519_pub"`
	CreatedAt int64  `json:"created_at"` // unix seconds
	Generated bool   `json:"generated"`
}

// identityPath returns the path of the identity that belongs to a database.
func identityPath(database string) string {
	return filepath.Join(filepath.Dir(database), IdentityFile)
}

// newKey derives a key pair from a seed. It protects nothing: the seed is public.
func newKey(seed uint64) ed25519.PrivateKey {
	material := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("registrygen identity "), seed))
	return ed25519.NewKeyFromSeed(material[:])
}

// createIdentity writes a new identity.
func createIdentity(path string, seed uint64, at time.Time) (ed25519.PrivateKey, error) {
	key := newKey(seed)
	text, err := json.MarshalIndent(identity{
		Private:   hex.EncodeToString(key.Seed()),
		Public:    hex.EncodeToString(publicHalf(key)),
		CreatedAt: at.Unix(),
		Generated: true,
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return key, replaceFile(path, text, 0o600)
}

// loadIdentity returns the key of an identity that this package wrote, nil if
// there is no identity, and an error for any other.
func loadIdentity(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the registry's identity (is it that of a real registry?): %w", err)
	}
	var i identity
	if err := json.Unmarshal(text, &i); err != nil {
		return nil, fmt.Errorf("%s is not an identity file: choose another directory: %w", path, err)
	}
	if !i.Generated {
		return nil, fmt.Errorf(`%s: it has no "generated": true, so this is a real registry: choose another directory`, path)
	}
	private, err := hex.DecodeString(i.Private)
	if err != nil || len(private) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: ed25519_priv is not a key of 64 hex digits: choose another directory", path)
	}
	key := ed25519.NewKeyFromSeed(private)
	if hex.EncodeToString(publicHalf(key)) != i.Public {
		return nil, fmt.Errorf("%s: ed25519_pub does not belong to ed25519_priv: choose another directory", path)
	}
	return key, nil
}

func publicHalf(key ed25519.PrivateKey) ed25519.PublicKey {
	return key.Public().(ed25519.PublicKey)
}
