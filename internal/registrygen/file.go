// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// replaceFile puts data at path such that whoever reads it finds either what
// was there or all that is new, also after a crash.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	// A name of its own is not needed: a registry has one writer, which finds
	// and replaces what a crash has left.
	temporary := path + ".tmp"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(temporary))
	}
	return nil
}
