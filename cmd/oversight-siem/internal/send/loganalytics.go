// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"net/http"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
)

// MaxLogAnalyticsBody is the largest body that the Log Analytics Data Collector
// API accepts, in bytes.
// https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api#data-limits
const MaxLogAnalyticsBody = 30_000_000

// LogAnalyticsSigner signs requests with a workspace's shared key, as the Log
// Analytics Data Collector API asks for. It fails if the key is not base64.
func LogAnalyticsSigner(workspaceID, key string) (Signer, error) {
	if _, err := sentinel.SharedKeyAuthorization(workspaceID, key, "", 0); err != nil {
		return nil, err
	}
	return func(request *http.Request, now time.Time) error {
		date := now.UTC().Format(http.TimeFormat)
		authorization, err := sentinel.SharedKeyAuthorization(workspaceID, key, date, int(request.ContentLength))
		if err != nil {
			return err
		}
		request.Header.Set("X-Ms-Date", date)
		request.Header.Set("Authorization", authorization)
		return nil
	}, nil
}
