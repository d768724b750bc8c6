// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"net/http"
)

// azureTestRow is a row that no rule of Microsoft Sentinel looks at. Rows without
// IntegrityKind are events to them, and findings that are Informational raise no alert.
type azureTestRow struct {
	TimeGenerated string
	Schema        string
	IntegrityKind string
	Severity      string
	Message       string
	EventUid      string //nolint:revive // the name of the column
}

// checkAzureEvent sends a test row.
func (e *exporter) checkAzureEvent(ctx context.Context) []finding {
	a, found := e.azure()
	if found != nil {
		return found
	}
	defer a.client.http.CloseIdleConnections()
	if a.Credential.Type != "client_secret" {
		return notChecked("look for the events of the collector in the table", "a credential of the type %q can be used by the collector only", a.Credential.Type)
	}
	body, err := json.Marshal([]azureTestRow{{testTime(), "oversight-siem-1", "doctor_test", "Informational", testMark, testMark}})
	if err != nil {
		return notChecked("", "%v", err)
	}
	got, found := a.post(ctx, string(body))
	if found != nil {
		return found
	}
	if got.status == http.StatusNoContent || got.status == http.StatusOK {
		return passed(`%s accepted a test row; after some minutes, search for: Oversight_CL | where Message == "%s"`, got.url, testMark)
	}
	return e.classifyAzure(&got)
}
