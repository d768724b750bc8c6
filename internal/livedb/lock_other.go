// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package livedb

import (
	"errors"
	"os"
)

// locksSupported is false: on other systems, closing a file releases all locks of
// the process on it, which another reader in the process could do at any time.
const locksSupported = false

func lockShared(*os.File, int64, int64) error { return errors.ErrUnsupported }

func unlock(*os.File, int64, int64) error { return errors.ErrUnsupported }

func lockedExclusively(*os.File, int64, int64) (bool, error) { return false, errors.ErrUnsupported }
