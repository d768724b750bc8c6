// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package boltcheck

import "os"

// isUsed reports that a file must not be checked: the receiver does not run there.
func isUsed(*os.File) (bool, error) { return true, nil }
