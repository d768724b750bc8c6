// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"encoding/json"
	"fmt"
)

// checkHECResponse reads {"text", "code"}; code 0 is success. Receivers
// that imitate Splunk's may return an empty body.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector
func checkHECResponse(body []byte, _ []document) ([]document, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var response struct {
		Text string `json:"text"`
		Code int    `json:"code"`
	}
	if err := json.Unmarshal(body, &response); err != nil {
		return nil, &rejection{reason: "the response is not from an HTTP Event Collector: check --output", body: string(body)}
	}
	if response.Code != 0 {
		return nil, &rejection{reason: fmt.Sprintf("the HTTP Event Collector returned code %d", response.Code), body: string(body)}
	}
	return nil, nil
}
