// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// MaxLogAnalyticsBody is the largest body that the Log Analytics Data Collector
// API accepts, in bytes.
// https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api#data-limits
const MaxLogAnalyticsBody = 30_000_000

// errSharedKey does not show the key.
var errSharedKey = errors.New("the shared key is not base64: use the primary or secondary key of the workspace unchanged")

// LogAnalyticsSigner signs requests with a workspace's shared key, as the Log
// Analytics Data Collector API asks for, which Microsoft stopped supporting on
// 2026-09-14. The requests are POSTs of application/json to /api/logs. A key that is
// not base64 is an error, which does not show it.
func LogAnalyticsSigner(workspaceID, sharedKey string) (Signer, error) {
	key, err := base64.StdEncoding.DecodeString(sharedKey)
	if err != nil || len(key) == 0 {
		return nil, errSharedKey
	}
	return func(request *http.Request, now time.Time) error {
		date := now.UTC().Format(http.TimeFormat)
		request.Header.Set("X-Ms-Date", date)
		request.Header.Set("Authorization", "SharedKey "+workspaceID+":"+sharedKeySignature(key, date, request.ContentLength))
		return nil
	}, nil
}

// sharedKeySignature is the base64 of an HMAC-SHA256 over the method, the length (in
// bytes, of the body as it is sent), content type, date and resource of a request, as in
// https://learn.microsoft.com/previous-versions/azure/azure-monitor/logs/data-collector-api#authorization.
func sharedKeySignature(key []byte, date string, contentLength int64) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "POST\n%d\napplication/json\nx-ms-date:%s\n/api/logs", contentLength, date)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
