// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// logRegistrations logs once that whom tokens belong to is checked in part only.
func (l *logReconciliation) logRegistrations() {
	err := l.reconciler.RecipientsErr()
	if l.registrationsMissing || !errors.Is(err, registry.ErrNoRegistrations) {
		return
	}
	l.registrationsMissing = true
	l.settings.logger.Warn("The database has no registrations that can be read: recipients are held against the register leaves of the transparency log only, and tokens that are registered again are not found", zap.Error(err))
}
