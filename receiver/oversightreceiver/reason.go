// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// reasonOf is what a destination said, for the checkpoint and for logs: one line, at most
// [checkpoint.MaxReason] bytes, without what looks like a secret.
func reasonOf(err error) string { return delivery.ReasonText(err, checkpoint.MaxReason) }
