// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A server that repeats the access token in an error does not make a result show it.
func TestAccessTokenIsNotShown(t *testing.T) {
	s := newSetup(t)
	s.settings.SendTest = true
	s.azure.handler = func(w http.ResponseWriter, r *http.Request) {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"code": "InvalidRequest", "message": "refused " + r.Header.Get("Authorization")}})
	}
	report := s.run(t)
	for _, check := range []string{"azure.rule", "azure.event"} {
		found := results(report, check)
		require.Len(t, found, 1, check)
		assert.Contains(t, found[0].Seen, "answers 400: InvalidRequest refused Bearer ", check)
		assert.NotContains(t, found[0].Seen, "good-access", check)
	}
}
