// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"encoding/json"
	"fmt"
)

// checkHECResponse reads {"text", "code"}; only code 0 is success. An answer without
// it is not from a collector: anything with a web server confirms with 200.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector
func checkHECResponse(_ int, body []byte, _ []document) (verdict, error) {
	var response struct {
		Code *int `json:"code"`
	}
	if err := json.Unmarshal(body, &response); err != nil || response.Code == nil {
		return verdict{}, &rejection{reason: "the response is not from an HTTP Event Collector: check --output", body: string(body)}
	}
	if *response.Code != 0 {
		return verdict{}, &rejection{reason: fmt.Sprintf("the HTTP Event Collector returned code %d", *response.Code), body: string(body)}
	}
	return verdict{}, nil
}
