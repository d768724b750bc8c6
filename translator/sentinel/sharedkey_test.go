// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
)

// Values computed with OpenSSL:
//
//	printf 'POST\n%s\napplication/json\nx-ms-date:%s\n/api/logs' LENGTH DATE |
//	openssl dgst -sha256 -mac HMAC -macopt hexkey:$(base64 -d <<<KEY | xxd -p -c 256) -binary | base64
func TestSharedKeyAuthorization(t *testing.T) {
	for name, c := range map[string]struct {
		workspace, key, date string
		length               int
		want                 string
	}{
		"a new row": {
			"0f1e2d3c-0000-4000-8000-000000000001", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==", "Mon, 23 Nov 2026 02:52:29 GMT", 1234,
			"SharedKey 0f1e2d3c-0000-4000-8000-000000000001:pzojYJK7t5qMjr1DltG5DLxqhqp5nAFiMdOd0CEzxyM=",
		},
		"an empty array": {
			"w", "/wBrZXk=", "Thu, 01 Jan 1970 00:00:00 GMT", 2,
			"SharedKey w:jr308CSjoooUSER9difABPn835xN//JPp6TAsMizutM=",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sentinel.SharedKeyAuthorization(c.workspace, c.key, c.date, c.length)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestInvalidSharedKey(t *testing.T) {
	_, err := sentinel.SharedKeyAuthorization("w", "", "Mon, 23 Nov 2026 00:00:00 GMT", 1)
	require.ErrorContains(t, err, "not base64")
	for _, key := range []string{"secret key!", "c2VjcmV0==", "c2VjcmV"} {
		_, err := sentinel.SharedKeyAuthorization("w", key, "Mon, 23 Nov 2026 00:00:00 GMT", 1)
		require.ErrorContains(t, err, "not base64")
		assert.NotContains(t, err.Error(), key)
	}
}
