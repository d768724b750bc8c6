// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package livedb

import (
	"errors"
	"os"
)

// locksSupported: elsewhere, closing a file drops all of the process's locks on
// it, which another reader in the process could do at any time.
const locksSupported = false

func lockShared(*os.File, int64, int64) error { return errors.ErrUnsupported }

func unlock(*os.File, int64, int64) error { return errors.ErrUnsupported }

func lockedExclusively(*os.File, int64, int64) (bool, error) { return false, errors.ErrUnsupported }
