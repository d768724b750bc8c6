// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import "strings"

// Names that log records do not have yet, and that are reserved for later
// versions. A pipeline must not use them, nor any other name below
// [ReservedNamespace]: they are no [ExtraAttributes], so the shapes leave them out
// until they define fields for them. Otherwise a value that stands under labels or
// AdditionalFields today would move when a later version defines its field.
const (
	// ReservedNamespace begins the names of our own, defined or not.
	ReservedNamespace = "oversight."

	// ReservedFileName is the name of the marked document.
	ReservedFileName = "file.name"
	// ReservedFileSize is its size in bytes, an int.
	ReservedFileSize = "file.size"
	// ReservedSyntheticType says that the caller is a known bot or test.
	ReservedSyntheticType = "user_agent.synthetic.type"

	// ReservedFilePrefix begins names about the marked document's file.
	ReservedFilePrefix = "oversight.file."
	// ReservedDocumentPrefix begins names about the document, such as its title.
	ReservedDocumentPrefix = "oversight.document."
	// ReservedClientPrefix begins names about the caller.
	ReservedClientPrefix = "oversight.client."
	// ReservedPolicyPrefix begins names about the document's policy.
	ReservedPolicyPrefix = "oversight.policy."
	// ReservedDecoy says that the document is a decoy, which nobody has a reason
	// to open, a bool.
	ReservedDecoy = "oversight.decoy"
	// ReservedExpected says that the callback was expected, a bool.
	ReservedExpected = "oversight.expected"
)

// isReserved reports whether a name that is no attribute of a record is reserved.
func isReserved(name string) bool {
	switch name {
	case ReservedFileName, ReservedFileSize, ReservedSyntheticType:
		return true
	default:
		return strings.HasPrefix(name, ReservedNamespace)
	}
}
