// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// checkOTLP checks the answer to logs of OTLP over HTTP
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response).
func checkOTLP(_ *responseCheck, a *answer) *refusal {
	if !a.ok() {
		return refusedOTLP(a)
	}
	if a.status == http.StatusNoContent { // not in the specification, but Grafana Loki answers so
		return nil
	}
	response := plogotlp.NewExportResponse()
	var err error
	switch a.mediaType() {
	case typeProtobuf:
		err = response.UnmarshalProto(a.body)
	case typeJSON:
		if !isJSON(a.body) {
			return a.refused()
		}
		err = response.UnmarshalJSON(a.body)
	default:
		return a.refused()
	}
	if err != nil {
		return a.refused()
	}
	if rejected := response.PartialSuccess().RejectedLogRecords(); rejected > 0 {
		refused := partialSuccess(rejected, a.words(response.PartialSuccess().ErrorMessage()))
		return refused
	}
	return nil
}

// partialSuccess returns the refusal of a request of which a gateway or backend
// rejected records. It does not say which.
func partialSuccess(rejected int64, text string) *refusal {
	return &refusal{
		class: classContent, permanent: true, documents: int(min(rejected, 1<<30)),
		message: fmt.Sprintf("the destination rejected %d log records: %s", rejected, text),
	}
}

// refusedOTLP returns the refusal of a request. Where the answer is OTLP's own and
// says no more than the exporter understands, the exporter decides.
func refusedOTLP(a *answer) *refusal {
	message, ok := otlpStatus(a)
	if !ok {
		return a.refused()
	}
	class, permanent := a.classify()
	switch a.status {
	// The specification makes all others permanent.
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		class = classDestination
	default:
		if class == classRetryable {
			class, permanent = classUnknown, true
		}
	}
	return a.refusal(class, permanent, a.words(message))
}

// otlpStatus returns the message of the Status that OTLP answers failures with.
func otlpStatus(a *answer) (message string, ok bool) {
	switch a.mediaType() {
	case typeProtobuf:
		var status spb.Status
		if err := proto.Unmarshal(a.body, &status); err != nil {
			return "", false
		}
		return status.GetMessage(), true
	case typeJSON:
		var status struct {
			Message string `json:"message"`
		}
		if err := unmarshal(a.body, &status); err != nil || status.Message == "" {
			return "", false
		}
		return status.Message, true
	}
	return "", false
}
