// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package output

import (
	"errors"
	"syscall"
)

// isClosedPipe reports whether a write failed because the reader has closed the
// pipe.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
