// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The exporter has acknowledged the events, so whatever is answered is counted and
// left to it.
func TestTrackAnswers(t *testing.T) {
	const partial = `{"itemsReceived":3,"itemsAccepted":1,"errors":[{"index":0,"statusCode":400,"message":"Invalid\ninstrumentation key"}]}`
	for _, test := range []struct {
		name, outcome string
		answer        reply
		refused       int64
	}{
		{name: "accepted", answer: reply{status: 200, body: `{"itemsReceived":3,"itemsAccepted":3,"errors":[]}`}, outcome: "accepted"},
		{name: "some refused", answer: reply{status: 206, body: partial}, outcome: "unknown", refused: 2},
		{name: "quota", answer: reply{status: 429, body: `{"itemsReceived":3,"itemsAccepted":0,"errors":[]}`}, outcome: "busy", refused: 3},
		{name: "other names", answer: reply{status: 200, body: `{"ItemsReceived":3,"ItemsAccepted":3}`}, outcome: "unknown"},
		{name: "two counts", answer: reply{status: 200, body: `{"itemsReceived":3,"itemsAccepted":1,"itemsAccepted":3}`}, outcome: "unknown"},
		{name: "HTML", answer: reply{status: 200, body: html}, outcome: "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			status, text, err := f.post(t, test.answer, "/v2.1/track", "[]", map[string]string{"Content-Type": jsonType})
			require.NoError(t, err)
			assert.Equal(t, test.answer.status, status)
			assert.Equal(t, test.answer.body, text)
			assert.EqualValues(t, 1, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "azuremonitor", "outcome": test.outcome}))
			if test.refused > 0 {
				assert.Equal(t, test.refused, f.counter(t, "responsecheck_refused_documents", map[string]string{"protocol": "azuremonitor", "class": test.outcome}))
				assert.Len(t, f.logs.FilterMessageSnippet("did not accept").All(), 1)
			}
		})
	}
}
