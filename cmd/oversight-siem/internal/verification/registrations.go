// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import "context"

// checkRegistrations checks whom the tokens of all registrations belong to, and completes
// the summary with the rows that were held against them.
func (v *verification) checkRegistrations(ctx context.Context) error {
	for done := false; !done; {
		var err error
		if done, err = v.reconciler.CheckRegistrations(ctx); err != nil {
			return v.rowError(err)
		}
		if err := v.commit(); err != nil {
			return err
		}
	}
	counts := v.reconciler.RecipientCounts()
	v.summary.RecipientsChecked, v.summary.RecipientsNotChecked = counts.Checked, counts.NotChecked
	return nil
}
