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
	// maxRetryAfter limits the wait that a response can ask for. Whoever answers, such
	// as a proxy with a typing error, must not stop the delivery for days; the service
	// counts requests by the minute.
	maxRetryAfter = 10 * time.Minute
	// maxMessageBytes limits the text from a response that appears in the log.
	maxMessageBytes = 500
)

// statusAccepted is the only status that says that rows were accepted. Microsoft's
// clients treat every other one as an error:
// https://github.com/Azure/azure-sdk-for-net/pull/31846
const statusAccepted = http.StatusNoContent

// reactTo returns what a status means. Rows are refused only where the service says
// so of the request; anything else may be different later: a new role assignment
// takes effect after up to 30 minutes (403), a new rule after some (404), and what is
// wrong with an endpoint or a proxy (redirects, login pages, 405, 415) can be mended.
// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
func reactTo(status int) (reaction, refusalClass) {
	switch {
	case status == http.StatusBadRequest: // at least one row is invalid
		return splitRequest, classContent
	case status == http.StatusRequestEntityTooLarge:
		return splitRequest, classSize
	case status == http.StatusTooManyRequests:
		return retryRows, classBusy
	case status == http.StatusRequestTimeout, status >= 500:
		return retryRows, classNone
	}
	return retryRows, classDestination
}

// newResponseFailure reads a response whose status is not [statusAccepted].
func newResponseFailure(t target, response *http.Response) *failure {
	f := &failure{target: t, status: response.StatusCode, requestID: requestID(response.Header)}
	f.reaction, f.class = reactTo(f.status)
	if f.status == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
		f.class = classBusy
	}
	f.retryAfter = min(retryAfter(response.Header.Values("Retry-After"), time.Now()), maxRetryAfter)
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
