// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// Names of log record attributes of our own. Attributes of columns that are
// NULL or empty are absent.
const (
	// AttributeEventID is the row's id in decimal, a string. Ids are handed
	// out again after a backup was restored: see [AttributeEventUID].
	AttributeEventID = "oversight.event_id"
	// AttributeEventUID identifies the event: 32 hex digits, the first half of
	// a SHA-256 over the registry id and every column.
	AttributeEventUID = "oversight.event_uid"
	// AttributeBeaconKind is the kind of beacon: dns, http_img, ocsp, license,
	// or one that newer registries know.
	AttributeBeaconKind = "oversight.beacon_kind"
	// AttributeTokenID is the token in the document's mark that called back.
	AttributeTokenID = "oversight.token_id"
	// AttributeFileID is the marked document; absent for unknown tokens.
	AttributeFileID = "oversight.file_id"
	// AttributeRecipientID is whom the document was given to; absent for
	// unknown tokens.
	AttributeRecipientID = "oversight.recipient_id"
	// AttributeIssuerID is who gave the document out; absent for unknown tokens.
	AttributeIssuerID = "oversight.issuer_id"
	// AttributeQualifiedTimestamp is the time of a timestamping authority
	// (RFC 3161) or the registry's own, in RFC 3339 as the registry wrote it.
	AttributeQualifiedTimestamp = "oversight.qualified_timestamp"
	// AttributeTlogIndex is the index of the event's leaf in the transparency
	// log, an int; -1 says that there is none.
	AttributeTlogIndex = "oversight.tlog_index"
	// AttributeTlogStatus says how the event stands to its leaf in the
	// transparency log: one of the TlogStatus constants. Absent where events
	// are not checked.
	AttributeTlogStatus = "oversight.tlog_status"
	// AttributeTlogMismatch is the list of the fields in which row and leaf
	// differ. Present only with [TlogStatusMismatch].
	AttributeTlogMismatch = "oversight.tlog_mismatch"
	// AttributeExtra is the map of what else the beacon told.
	AttributeExtra = "oversight.extra"
	// AttributeDecodeError says which columns could not be read as their type,
	// and what they hold. Present only then.
	AttributeDecodeError = "oversight.decode_error"
)

// Values of [AttributeTlogStatus].
const (
	// TlogStatusVerified: the leaf at tlog_index is a beacon's and agrees with
	// the row in everything that it holds.
	TlogStatusVerified = "verified"
	// TlogStatusMismatch: it differs, see [AttributeTlogMismatch].
	TlogStatusMismatch = "mismatch"
	// TlogStatusMissing: the row has no index, or the log no such leaf.
	TlogStatusMissing = "missing"
	// TlogStatusDuplicate: another row had claimed the leaf before.
	TlogStatusDuplicate = "duplicate"
	// TlogStatusUnavailable: the log could not be read in time.
	TlogStatusUnavailable = "unavailable"
)

// Names of log record attributes from the OpenTelemetry semantic conventions,
// https://opentelemetry.io/docs/specs/semconv/registry/attributes/.
const (
	// AttributeClientAddress is who called back; not always an IP address.
	AttributeClientAddress = "client.address"
	// AttributeUserAgent is the calling program by its own account.
	AttributeUserAgent = "user_agent.original"
	// AttributeQuestionName is the name that was asked for, of dns beacons.
	AttributeQuestionName = "dns.question.name"
)

// Names and values of resource attributes.
const (
	// AttributeServiceName is of the OpenTelemetry semantic conventions.
	AttributeServiceName = "service.name"
	// ServiceName is the service whose events these are.
	ServiceName = "oversight-registry"
	// AttributeRegistryID tells registries apart: a public key in hex, or a
	// short id that the operator chose.
	AttributeRegistryID = "oversight.registry_id"
)

// EventName is the EventName of the log records.
const EventName = "oversight.beacon"
