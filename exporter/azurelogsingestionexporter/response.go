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
	// maxAnswer is how much of an answer is read. Errors are below 1 kB; proxies
	// answer with pages.
	maxAnswer = 64 << 10
	// maxMessage is how much of an answer in no known form goes into the log.
	maxMessage = 500
)

// reactions to answers. The rest of 400 to 499 is final; anything else is tried
// again.
// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
var reactions = map[int]reaction{
	http.StatusBadRequest:            sendLess, // some row is bad
	http.StatusRequestEntityTooLarge: sendLess,
	http.StatusUnauthorized:          tryAgain,
	http.StatusForbidden:             tryAgain, // a new role assignment takes up to 30 minutes
	http.StatusNotFound:              tryAgain, // so does a new rule, some minutes
	http.StatusRequestTimeout:        tryAgain,
	http.StatusTooManyRequests:       tryAgain,
}

// newResponseFailure reads an answer that is no success.
func newResponseFailure(t target, response *http.Response) *failure {
	f := &failure{target: t, status: response.StatusCode, requestID: requestID(response.Header)}
	var known bool
	if f.reaction, known = reactions[f.status]; !known {
		f.reaction = tryAgain
		if f.status >= 400 && f.status <= 499 {
			f.reaction = giveUp
		}
	}
	f.retryAfter = retryAfter(response.Header.Values("Retry-After"), time.Now())
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // a part of an explanation is better than none
	f.code, f.message = explanation(body)
	if f.code == "" {
		f.code = response.Header.Get("x-ms-error-code")
	}
	return f
}

// requestID is what the service, or the gateway before it, calls the request.
func requestID(header http.Header) string {
	for _, name := range []string{"x-ms-request-id", "x-ms-correlation-request-id", "apim-request-id", "x-ms-client-request-id", "request-id"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// explanation takes the code and message out of the error object that Azure's
// services answer with, or else the beginning of the text.
func explanation(body []byte) (code, message string) {
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error.Message != "" {
		return answer.Error.Code, oneLine(answer.Error.Message)
	}
	if len(body) == 0 {
		return answer.Error.Code, "the answer says nothing more"
	}
	return answer.Error.Code, oneLine(string(body))
}

func oneLine(text string) string {
	return cutText(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " "), maxMessage)
}
