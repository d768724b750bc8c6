// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import "go.uber.org/zap"

// trackAnswer is the body of an answer of Application Insights' ingestion endpoint.
type trackAnswer struct {
	Received *int `json:"itemsReceived"`
	Accepted *int `json:"itemsAccepted"`
	Errors   []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

// checkTrack counts and logs what Application Insights refused. The exporter
// `azuremonitor` has acknowledged the events before and retries by itself, so an
// error would reach nobody.
func checkTrack(rc *responseCheck, a *answer) *refusal {
	var body trackAnswer
	if err := unmarshal(a.body, &body); err != nil || body.Received == nil || body.Accepted == nil {
		return a.refused()
	}
	refused := *body.Received - *body.Accepted
	if a.ok() && refused <= 0 {
		return nil
	}
	class, _ := classifyStatus(a.status)
	if a.ok() {
		class = classUnknown
	}
	text := ""
	if len(body.Errors) > 0 {
		text = a.words(body.Errors[0].Message)
	}
	result := a.refusal(class, false, text)
	result.documents = max(refused, 0)
	if rc.trackLog.Allow() {
		rc.logger.Warn("Application Insights did not accept all events",
			zap.Int("refused", result.documents), zap.Error(result))
	}
	return result
}
