// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// temporarySuffix is what the name of a file ends with until it is complete.
const temporarySuffix = ".tmp"

// replaceFile writes data to path such that a reader finds either the old content
// or all of the new one, also after a crash.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	// The name can be the same every time: a registry has one writer.
	temporary := path + temporarySuffix
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temporary))
	}
	return nil
}

// removeTemporaryFiles removes what a process left behind that was killed within
// replaceFile.
func removeTemporaryFiles(dir string) error {
	for _, name := range []string{IdentityFile, HeadFile, WellKnownFile} {
		err := os.Remove(filepath.Join(dir, name+temporarySuffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
