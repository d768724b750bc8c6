// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// maxResponseBytes limits how much of a response is read. The service's errors
	// are below 1 kB; proxies send whole pages.
	maxResponseBytes = 64 << 10
	// maxMessageBytes limits the text from a response that appears in the log.
	maxMessageBytes = 500
)

// reactions to statuses. Every other 4xx drops the rows; any other status is
// retried.
// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
var reactions = map[int]reaction{
	http.StatusBadRequest:            splitRequest, // at least one row is invalid
	http.StatusRequestEntityTooLarge: splitRequest,
	http.StatusUnauthorized:          retryRows,
	http.StatusForbidden:             retryRows, // a new role assignment takes effect after up to 30 minutes
	http.StatusNotFound:              retryRows, // a new rule takes effect after some minutes
	http.StatusRequestTimeout:        retryRows,
	http.StatusTooManyRequests:       retryRows,
}

// newResponseFailure reads a response that is not 2xx.
func newResponseFailure(t target, response *http.Response) *failure {
	f := &failure{target: t, status: response.StatusCode, requestID: requestID(response.Header)}
	var known bool
	if f.reaction, known = reactions[f.status]; !known {
		f.reaction = retryRows
		if f.status >= 400 && f.status <= 499 {
			f.reaction = dropRows
		}
	}
	f.retryAfter = retryAfter(response.Header.Values("Retry-After"), time.Now())
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes)) // a partial explanation is better than none
	f.code, f.message = parseError(body)
	if f.code == "" {
		f.code = response.Header.Get("x-ms-error-code")
	}
	return f
}

// requestID returns the id that the service, or a gateway, gave the request.
func requestID(header http.Header) string {
	for _, name := range []string{"x-ms-request-id", "x-ms-correlation-request-id", "apim-request-id", "x-ms-client-request-id", "request-id"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// parseError returns code and message of the error object that Azure's services
// send, or the beginning of the body if it is something else.
func parseError(body []byte) (code, message string) {
	var parsed struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &parsed) == nil && parsed.Error.Message != "" {
		return parsed.Error.Code, oneLine(parsed.Error.Message)
	}
	if len(body) == 0 {
		return parsed.Error.Code, "the response has no explanation"
	}
	return parsed.Error.Code, oneLine(string(body))
}

func oneLine(text string) string {
	return truncateText(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " "), maxMessageBytes)
}
