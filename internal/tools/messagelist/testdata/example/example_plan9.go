// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package example

import "errors"

var errSystem = errors.New("only on another system")
