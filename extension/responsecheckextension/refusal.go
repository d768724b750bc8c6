// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"go.opentelemetry.io/collector/consumer/consumererror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Classes of refusals: what the answer blames. A class is given only where the
// service itself, in its own words, or a status that no content can cause, says so.
// An answer of something in between, such as a web application firewall or a login
// page, may be about one event, so its class is classUnknown.
const (
	// classDestination blames the destination or its configuration.
	classDestination = "destination"
	// classContent blames something that was sent.
	classContent = "content"
	// classSize blames the size of what was sent.
	classSize = "size"
	// classUnknown is a refusal that does not say what is to blame.
	classUnknown = "unknown"
	// classBusy says that the destination has too much to do now: a request to send
	// again later, which says nothing of what was sent.
	classBusy = "busy"
	// classRetryable is a failure that may go away.
	classRetryable = "retryable"
)

// outcomeAccepted is the outcome of a request that was not refused.
const outcomeAccepted = "accepted"

// refusal is the error for events that a destination did not accept. Exporters
// return it unchanged or wrapped.
type refusal struct {
	class string
	// permanent says that an exporter must not retry by itself. It is set only where
	// the same request would be refused again.
	permanent bool
	// message has the destination's words, see [words].
	message string
	// documents is how many events the answer names or counts as refused.
	documents int
	// status is that of gRPC, with what the destination says of when to send again;
	// nil: made of the rest.
	status *status.Status
	// accepted are the ids of the documents of the same request that were accepted.
	accepted []string
}

// err returns the error for an exporter.
func (r *refusal) err() error {
	if r.permanent {
		return consumererror.NewPermanent(r)
	}
	return r
}

// Error returns one line of text.
func (r *refusal) Error() string { return r.message }

// RefusalClass returns what is to blame: "destination", "content", "size", "unknown",
// "busy" or "retryable".
func (r *refusal) RefusalClass() string { return r.class }

// AcceptedRecords returns the document ids, which are the log.record.uids, of the
// events of this request that were accepted; nil if that is not known.
func (r *refusal) AcceptedRecords() []string { return r.accepted }

// GRPCStatus returns the status by which the OTLP exporter decides whether to retry,
// and that an OTLP receiver of this collector answers with.
func (r *refusal) GRPCStatus() *status.Status {
	if r.status != nil {
		return r.status
	}
	if r.permanent {
		return status.New(codes.InvalidArgument, r.message)
	}
	return status.New(codes.Unavailable, r.message)
}
