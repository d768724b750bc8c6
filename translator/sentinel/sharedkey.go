// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// errSharedKey does not show the key.
var errSharedKey = errors.New("the shared key is not base64: use the primary or secondary key of the workspace unchanged")

// SharedKeyAuthorization returns the value of the header Authorization of a
// request to the Log Analytics Data Collector API, which Microsoft stopped
// supporting on 2026-09-14:
//
//	SharedKey {workspaceID}:{base64 of HMAC-SHA256 with the decoded key}
//
// over the method, contentLength (in bytes, of the body as it is sent), content
// type, date and resource of the request, as in
// https://learn.microsoft.com/previous-versions/azure/azure-monitor/logs/data-collector-api#authorization.
// The request must be a POST of application/json to /api/logs, with the same
// date in its header x-ms-date, in the form of RFC 1123 in GMT
// ([net/http.TimeFormat]). A key that is not base64 is an error, which does not
// show it.
func SharedKeyAuthorization(workspaceID, sharedKey, date string, contentLength int) (string, error) {
	key, err := base64.StdEncoding.DecodeString(sharedKey)
	if err != nil || len(key) == 0 {
		return "", errSharedKey
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "POST\n%d\napplication/json\nx-ms-date:%s\n/api/logs", contentLength, date)
	return "SharedKey " + workspaceID + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
