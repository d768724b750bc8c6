// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// leavesName is the name that registries use for the file with the log's leaves.
const leavesName = "leaves.jsonl"

// TransparencyLog is the flags about the transparency log, its signed tree head
// and the key that signs it.
type TransparencyLog struct {
	path      string
	head      string
	publicKey string
	// connection is for a URL of --head.
	connection Connection
}

// Register adds the flags. keyDefault ends the usage of --public-key.
func (l *TransparencyLog) Register(flags *pflag.FlagSet, keyDefault string) {
	flags.StringVar(&l.path, "tlog", "", "the transparency log, as a `FILE|DIR`: leaves.jsonl or its directory (required)")
	flags.StringVar(&l.head, "head", "", "the signed tree head, as a `FILE|URL`. /tlog/head is appended to a URL that\ndoes not end with it (default: no tree head is compared)")
	flags.StringVar(&l.publicKey, "public-key", "", "the registry's Ed25519 public key, 64 `HEX` digits, from another source than\nthe tree head "+keyDefault)
	l.connection.Register(flags)
}

// Find checks the flags. It returns the path of the file with the leaves, which is a
// regular file that can be opened, and the key; nil for none.
func (l *TransparencyLog) Find() (leaves string, key ed25519.PublicKey, err error) {
	if leaves, err = l.findLeaves(); err != nil || l.publicKey == "" {
		return leaves, nil, err
	}
	if key, err = tlog.ParsePublicKey(l.publicKey); err != nil {
		return leaves, nil, fmt.Errorf("--public-key is %.80q: %w", l.publicKey, err)
	}
	return leaves, key, nil
}

func (l *TransparencyLog) findLeaves() (path string, err error) {
	if l.path == "" {
		return "", errors.New("--tlog is required: pass the registry's transparency log, for example --tlog ./tlog")
	}
	path = l.path
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, leavesName)
	}
	f, err := OpenRegular(path)
	if err != nil {
		return "", l.ReadError(err)
	}
	return path, f.Close()
}

// ReadError adds to an error of reading the log which flag it is about and what
// to do.
func (l *TransparencyLog) ReadError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--tlog %s: no such file: pass the path of the registry's %s, or of its directory", l.path, leavesName)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("--tlog %s: allow this user to read the file and its directory: %w", l.path, err)
	default:
		return fmt.Errorf("--tlog %s: %w", l.path, err)
	}
}
