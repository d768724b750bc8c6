// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// clockTolerance is how much later than a registration a row has to be, in seconds, to be
// surely later.
const clockTolerance = 60

// ColumnIssuerID is the mismatch of a row whose issuer is wrong. Its leaf does not have
// it.
const ColumnIssuerID = "issuer_id"

// checkRow looks up the binding of a row. named says that a signed manifest or a leaf
// names the recipient and the issuer of its document.
func (c *Checker) checkRow(q *registry.Registrations, e *translator.Event, row int) (named bool, findings []Finding, err error) {
	// The earliest row of a token shows where it belonged before, without a search.
	first, err := q.FirstFile(e.TokenID)
	if err != nil {
		return false, nil, err
	}
	if first != "" && first != e.FileID {
		if findings, err = c.checkToken(q, first, e.TokenID); err != nil {
			return false, nil, err
		}
	}
	m, stored, signed, err := c.manifestOf(q, e.FileID)
	if err != nil {
		return false, nil, err
	}
	signed = signed && m.lists(e.TokenID)
	issuerID := e.IssuerID
	if !q.HasIssuer() {
		issuerID = m.issuerID
	}
	if signed && m.names(e.RecipientID, issuerID) || c.registers.names(e.FileID, e.RecipientID, issuerID) {
		return true, findings, nil
	}
	// Its leaves are written before later ones.
	if !signed || !e.HasTlogIndex || e.TlogIndex >= c.registers.next || !c.registers.knowsAll(e.FileID) {
		return false, findings, nil
	}
	token, ok, err := q.Token(e.TokenID)
	if err != nil || !ok {
		return false, findings, err
	}
	// The last registration is the row's, and has been for a while.
	same := token.FileID == e.FileID && m.names(token.RecipientID, token.IssuerID) && token.RegisteredAt == stored.RegisteredAt
	if same && token.RegisteredAt+clockTolerance <= e.Timestamp.Unix() {
		findings = append(findings, rowFinding(e, row, &m))
	}
	return false, findings, nil
}

// rowFinding is about a row that names somebody else than the registration from before it
// and all leaves of its document.
func rowFinding(e *translator.Event, row int, m *manifest) Finding {
	f := Finding{Row: row}
	f.EventID, f.RowUID, f.TokenID, f.FileID = e.ID, e.UID, e.TokenID, e.FileID
	f.TlogIndex, f.HasTlogIndex = e.TlogIndex, e.HasTlogIndex
	if e.RecipientID == m.recipientID {
		f.Kind, f.TlogStatus, f.TlogMismatch = translator.IntegrityRowMismatch, translator.TlogStatusMismatch, ColumnIssuerID
		f.Message = fmt.Sprintf("Row %d names issuer %q for document %s; its signed manifest and all of its register leaves name issuer %q: the row was changed.", e.ID, e.IssuerID, e.FileID, m.issuerID)
		return f
	}
	f.Kind = translator.IntegrityTokenRebound
	f.Message = fmt.Sprintf("Row %d names recipient %q for document %s; its signed manifest and all of its register leaves name recipient %q: the row, or the registry's table of tokens, was changed.", e.ID, e.RecipientID, e.FileID, m.recipientID)
	return f
}
