// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// checkArrayResponse refuses a web page, such as that of a login, and a JSON object
// with an error. Endpoints say nothing else that is common to them.
func checkArrayResponse(_ int, body []byte, _ []document) (verdict, error) {
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("<")) {
		return verdict{}, &rejection{reason: "the response is a web page and confirms nothing: check --output", body: string(body)}
	}
	var response struct { // encoding/json matches "Error", too
		Error any `json:"error"`
	}
	if json.Unmarshal(body, &response) == nil && response.Error != nil && response.Error != false {
		return verdict{}, &rejection{reason: "the response has a status of success and an error", body: string(body)}
	}
	return verdict{}, nil
}

// checkLogsIngestionResponse accepts 204 only, as Microsoft's clients do:
// https://github.com/Azure/azure-sdk-for-net/pull/31846
func checkLogsIngestionResponse(status int, body []byte, _ []document) (verdict, error) {
	if status == http.StatusNoContent {
		return verdict{}, nil
	}
	return verdict{}, &rejection{reason: fmt.Sprintf("the response is not from the Logs Ingestion API, which confirms with 204 and not with %d: check --output", status), body: string(body)}
}
