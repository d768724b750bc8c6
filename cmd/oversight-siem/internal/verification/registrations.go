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
	v.summary.Recipients = Recipients{Checked: counts.Checked, NotChecked: counts.NotChecked}
	return nil
}

// Recipients is how many rows that name a document were held against its registrations.
type Recipients struct {
	// Checked rows have a recipient and an issuer that a signed manifest or a `register`
	// leaf names for their document; for those that are NotChecked, none does.
	Checked    int64 `json:"checked"`
	NotChecked int64 `json:"not_checked"`
}

func (t *table) recipients(r Recipients) {
	t.line("recipients", r.Checked+r.NotChecked)
	t.line("  checked", r.Checked)
	t.line("  not checked", r.NotChecked)
}
