// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Values computed with OpenSSL:
//
//	printf 'POST\n%s\napplication/json\nx-ms-date:%s\n/api/logs' LENGTH DATE |
//	openssl dgst -sha256 -mac HMAC -macopt hexkey:$(base64 -d <<<KEY | xxd -p -c 256) -binary | base64
func TestLogAnalyticsSigner(t *testing.T) {
	for name, c := range map[string]struct {
		workspace, key, date string
		length               int64
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
			now, err := http.ParseTime(c.date)
			require.NoError(t, err)
			sign, err := LogAnalyticsSigner(c.workspace, c.key)
			require.NoError(t, err)
			request := &http.Request{Header: http.Header{}, ContentLength: c.length}
			require.NoError(t, sign(request, now.In(time.FixedZone("", 3600))))
			assert.Equal(t, c.want, request.Header.Get("Authorization"))
			assert.Equal(t, c.date, request.Header.Get("X-Ms-Date"))
		})
	}
}

func TestInvalidSharedKey(t *testing.T) {
	_, err := LogAnalyticsSigner("w", "")
	require.ErrorContains(t, err, "not base64")
	for _, key := range []string{"secret key!", "c2VjcmV0==", "c2VjcmV"} {
		_, err := LogAnalyticsSigner("w", key)
		require.ErrorContains(t, err, "not base64")
		assert.NotContains(t, err.Error(), key)
	}
}
