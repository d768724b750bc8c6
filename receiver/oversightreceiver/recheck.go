// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "fmt"

// RecheckConfig is what a user writes below `recheck:`. Rows that were delivered are
// looked at again in the background, round after round, and those that were changed,
// deleted or inserted since are findings. It needs `storage`.
type RecheckConfig struct {
	// Rate is how many rows are looked at in a second. 0 turns the check off. Default
	// 1000, which takes less than 1% of a core; at most 100000.
	Rate int `mapstructure:"rate"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	defaultRecheckRate = 1000
	maxRecheckRate     = 100_000
)

// Validate reports a wrong setting, with its key and value. It does no I/O.
func (c *RecheckConfig) Validate() error {
	if c.Rate < 0 || c.Rate > maxRecheckRate {
		return fmt.Errorf("`rate` is %d: must be from 0 to %d; 0 turns the check off", c.Rate, maxRecheckRate)
	}
	return nil
}
