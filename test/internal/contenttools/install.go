// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// installTimeout is how long an installation may take, with the wait for another process
// that installs the same: downloads may be slow, and must not hang until the tests end.
const installTimeout = 10 * time.Minute

// waitDelay is how long a command that was killed has until its output is closed: programs
// that it started may hold it open.
const waitDelay = 10 * time.Second

// install makes a directory once for each content of the inputs. It is complete once
// the file `installed` is in it: what an interruption left is removed.
//
// The directory is made in its final place, because a virtual environment cannot be moved.
// So a lock keeps other processes out, which need not install the same again either.
func (t *Tools) install(ctx context.Context, source string, inputs []byte, fill func(i *installation) error) (string, error) {
	t.installing.Lock()
	defer t.installing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	dir, err := t.directory(source, inputs)
	if err != nil {
		return "", err
	}
	file, err := lock(ctx, dir+".lock")
	if err != nil {
		return "", fmt.Errorf("install %s: %w", source, err)
	}
	defer unlock(file)
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		return "", err
	}
	if err := fill(&installation{ctx: ctx, dir: dir, lock: file}); err != nil {
		return "", fmt.Errorf("install %s: %w", source, err)
	}
	return dir, os.WriteFile(done, nil, 0o600)
}

// directory returns where a source is installed. The name says for people whose it is:
// splunk-requirements-slim-HASH.
func (t *Tools) directory(source string, inputs []byte) (string, error) {
	source, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(inputs)
	name := filepath.Base(filepath.Dir(source)) + "-" + strings.TrimSuffix(filepath.Base(source), filepath.Ext(source))
	return filepath.Join(t.dir, name+"-"+hex.EncodeToString(sum[:6])), nil
}

// installation fills an empty directory.
type installation struct {
	ctx  context.Context //nolint:containedctx // of this one call
	dir  string
	lock *os.File
}

// command returns a command that holds the lock, too: it may outlive this process, and
// still write into the directory.
func (i *installation) command(name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(i.ctx, name, args...)
	command.WaitDelay = waitDelay
	if i.lock != nil {
		command.ExtraFiles = []*os.File{i.lock}
	}
	return command
}

// run runs a command in a directory, and returns what it printed if it fails.
func (i *installation) run(dir, name string, args ...string) error {
	command := i.command(name, args...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		if i.ctx.Err() != nil {
			err = i.ctx.Err() // why it was killed
		}
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, output)
	}
	return nil
}
