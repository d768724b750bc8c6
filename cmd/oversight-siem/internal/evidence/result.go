// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

// Results of a check that is not all right.
const (
	// ResultFinding: no registry writes this, whether crashed, restored or newer.
	ResultFinding = "finding"
	// ResultNotProven: the bundle neither proves nor refutes it.
	ResultNotProven = "not_proven"
)

// What a [Problem] is about.
const (
	CheckSignature = "bundle_signature" // of the registry, over the bundle
	CheckBundle    = "bundle"           // what the parts say of each other
	CheckHead      = "tree_head"        // the signed tree head
	CheckManifest  = "manifest"         // the issuer's signature over the manifest
	CheckEvent     = "event"            // the row against its leaf
	CheckProof     = "proof"            // the inclusion of a row's leaf
	CheckToken     = "token"            // whose token called back, by the manifest
)

// Problem is something that is wrong, or that the bundle does not prove. It is also the
// JSON object of --json.
type Problem struct {
	Check   string `json:"check"`                       // one of the Check constants
	Result  string `json:"result"`                      // one of the Result constants
	EventID string `json:"event_id,omitempty"`          // the row's id
	Index   *int64 `json:"tlog_index,omitempty"`        // of the row's leaf
	Fields  string `json:"mismatched_fields,omitempty"` // columns, with commas between them
	Message string `json:"message"`
}

// Summary is what a check says about everything. It is also the JSON object of --json.
type Summary struct {
	FileID      string `json:"file_id"`
	GeneratedAt string `json:"bundle_generated_at"`
	RegistryKey string `json:"registry_pub"` // as the bundle states it
	Signature   string `json:"signature"`    // one of the Signature constants
	SignedForm  string `json:"signed_form,omitempty"`
	HeadSize    int64  `json:"tree_head_size"`
	HeadRoot    string `json:"tree_head_root,omitempty"`
	Head        string `json:"tree_head_signature"` // one of the Signature constants
	Issuer      string `json:"issuer_id"`
	IssuerKey   string `json:"issuer_ed25519_pub"`
	Manifest    string `json:"manifest_signature"` // one of the Signature constants
	Recipient   string `json:"recipient_id"`
	Events      int64  `json:"events"`
	MatchLeaf   int64  `json:"events_matching_leaf"`     // whose row gives the leaf's hash
	Included    int64  `json:"events_included"`          // whose leaf is in the head's tree
	MatchTokens int64  `json:"events_matching_manifest"` // whose token and recipient the manifest names
	Findings    int64  `json:"findings"`
	NotProven   int64  `json:"not_proven"`
}

// Whether a signature is valid.
const (
	SignatureValid      = "valid"
	SignatureInvalid    = "invalid"
	SignatureNotChecked = "not checked"
)

// Result is what Check says.
type Result struct {
	Summary  Summary
	Problems []Problem
}

func (r *Result) add(p Problem) {
	if p.Result == ResultFinding {
		r.Summary.Findings++
	} else {
		r.Summary.NotProven++
	}
	r.Problems = append(r.Problems, p)
}

func (r *Result) finding(check, message string) {
	r.add(Problem{Check: check, Result: ResultFinding, Message: message})
}

func (r *Result) notProven(check, message string) {
	r.add(Problem{Check: check, Result: ResultNotProven, Message: message})
}
