// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

func TestReasonText(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb\u202ec": "a b c",
		"Post \"https://user:secret@example.org/a?key=1\": refused": "Post \"https://[redacted]@example.org/a?[redacted]\": refused",
		"authorization: Splunk 0123456789abcdef":                    "authorization: [redacted]",
		strings.Repeat("é", 50):                                     strings.Repeat("é", 18) + "...",
	} {
		limit := 40
		if len(text) < 99 {
			limit = 99
		}
		assert.Equal(t, want, delivery.ReasonText(errors.New(text), limit))
	}
	assert.Empty(t, delivery.ReasonText(nil, 9))
}
