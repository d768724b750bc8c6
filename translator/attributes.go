// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// SchemaURL is the version of the OpenTelemetry semantic conventions whose names
// the records use. It belongs on the resource and on the scope of the records.
const SchemaURL = "https://opentelemetry.io/schemas/1.40.0"

// Names of log record attributes of our own. Attributes of columns that are
// NULL or empty are absent.
const (
	// AttributeEventID is the row's id in decimal, a string. A registry assigns
	// ids a second time after a backup was restored: see [AttributeRecordUID].
	AttributeEventID = "oversight.event.id"
	// AttributeBeaconKind is the kind of beacon: dns, http_img, ocsp, license,
	// or one that newer registries know.
	AttributeBeaconKind = "oversight.beacon.kind"
	// AttributeTokenID is the token in the document's mark that called back.
	AttributeTokenID = "oversight.token.id"
	// AttributeFileID is the marked document; absent for unknown tokens.
	AttributeFileID = "oversight.file.id"
	// AttributeRecipientID is who received the document; absent for unknown
	// tokens.
	AttributeRecipientID = "oversight.recipient.id"
	// AttributeIssuerID is who issued the document; absent for unknown tokens.
	AttributeIssuerID = "oversight.issuer.id"
	// AttributeQualifiedTimestamp is the time of a timestamping authority
	// (RFC 3161) or the registry's own, in RFC 3339 as the registry wrote it.
	AttributeQualifiedTimestamp = "oversight.qualified_timestamp"
	// AttributeTlogIndex is the index of the event's leaf in the transparency
	// log, an int; -1 for none.
	AttributeTlogIndex = "oversight.tlog.index"
	// AttributeTlogStatus is the result of comparing the event with its leaf in
	// the transparency log: one of the TlogStatus constants. Absent where events
	// are not checked.
	AttributeTlogStatus = "oversight.tlog.status"
	// AttributeTlogMismatch is the list of the fields in which row and leaf
	// differ. Present only with [TlogStatusMismatch].
	AttributeTlogMismatch = "oversight.tlog.mismatch"
	// AttributeExtra is the map of what else the beacon reported.
	AttributeExtra = "oversight.extra"
	// AttributeDecodeError names the columns that could not be read as their
	// type, and their values. Present only then.
	AttributeDecodeError = "oversight.decode_error"
	// AttributeTruncated is the list of the columns whose values were cut. Present
	// only then.
	AttributeTruncated = "oversight.truncated"
	// AttributeReduced is the list of the columns that were left out because the
	// destination had refused the whole event. Present only then.
	AttributeReduced = "oversight.reduced"
)

// Values of [AttributeTlogStatus].
const (
	// TlogStatusVerified: the leaf at tlog_index is a beacon leaf and equals the
	// row in every field that it holds.
	TlogStatusVerified = "verified"
	// TlogStatusMismatch: they differ, see [AttributeTlogMismatch].
	TlogStatusMismatch = "mismatch"
	// TlogStatusMissing: the row has no index, or the log has no such leaf.
	TlogStatusMissing = "missing"
	// TlogStatusDuplicate: another row has claimed the leaf before.
	TlogStatusDuplicate = "duplicate"
	// TlogStatusUnavailable: the log could not be read in time.
	TlogStatusUnavailable = "unavailable"
)

// Names of log record attributes from the OpenTelemetry semantic conventions,
// https://opentelemetry.io/docs/specs/semconv/registry/attributes/.
const (
	// AttributeRecordUID identifies the event or the finding: 32 hex digits. Of an
	// event, they are the first half of a SHA-256 over the registry id and the
	// columns that [Column.InUID] marks; of a finding, see [Integrity.SetUID].
	AttributeRecordUID = "log.record.uid"
	// AttributeClientAddress is the address that called back; not always an IP
	// address.
	AttributeClientAddress = "client.address"
	// AttributeUserAgent is the user agent that the caller sent.
	AttributeUserAgent = "user_agent.original"
	// AttributeQuestionName is the name that was queried, of dns beacons.
	AttributeQuestionName = "dns.question.name"
)

// Names and values of resource attributes.
const (
	// AttributeServiceName is [ServiceName].
	AttributeServiceName = "service.name"
	// ServiceName is the service that reports the events.
	ServiceName = "oversight-registry"
	// AttributeServiceInstanceID is the id of the registry, as
	// [AttributeRegistryID] is.
	AttributeServiceInstanceID = "service.instance.id"
	// AttributeRegistryID is the id of the registry: its public key in hex, or a
	// short id that the operator chose.
	AttributeRegistryID = "oversight.registry.id"
)

// EventName is the EventName of the log records.
const EventName = "oversight.beacon"
