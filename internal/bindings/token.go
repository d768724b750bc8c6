// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// checkToken checks whether a token still belongs to where a document's manifest lists
// it. There is no finding if the manifest does not list it, or its signature is wrong.
func (c *Checker) checkToken(q *registry.Registrations, fileID, tokenID string) ([]Finding, error) {
	m, stored, signed, err := c.manifestOf(q, fileID)
	if err != nil || !signed || !m.lists(tokenID) {
		return nil, err
	}
	token, ok, err := q.Token(tokenID)
	// A token without a row was listed by a registration that was cut short.
	if err != nil || !ok || token.FileID == fileID && m.names(token.RecipientID, token.IssuerID) {
		return nil, err
	}
	var f Finding
	if token.FileID == fileID {
		f, ok = c.changedToken(&token, &m, stored.RegisteredAt)
	} else {
		f, ok, err = c.reboundToken(q, &token, &m, stored.RegisteredAt)
	}
	if err != nil || !ok {
		return nil, err
	}
	if f.EventID, f.RowUID, err = q.FirstRow(tokenID, token.FileID); err != nil {
		return nil, err
	}
	if f.EventID != 0 {
		f.Message += fmt.Sprintf(" Row %d is the first of this token for that document.", f.EventID)
	}
	return []Finding{f}, nil
}

// reboundToken is about a token that another document has now. Where the manifest is
// newer than that, its registration was cut short, and did not get the token.
func (c *Checker) reboundToken(q *registry.Registrations, token *registry.Token, m *manifest, registeredAt int64) (f Finding, ok bool, err error) {
	if registeredAt > token.RegisteredAt {
		return Finding{}, false, nil
	}
	other, _, signed, err := c.manifestOf(q, token.FileID)
	if err != nil {
		return Finding{}, false, err
	}
	f = tokenFinding(token)
	f.Message = fmt.Sprintf("Token %s belongs to document %s, recipient %q, issuer %q, and the signed manifest of document %s, recipient %q, issuer %q, lists it too: ",
		token.TokenID, token.FileID, token.RecipientID, token.IssuerID, m.fileID, m.recipientID, m.issuerID)
	switch {
	case !signed || !other.lists(token.TokenID):
		f.Message += "it was registered again, or the registry's table of tokens was changed."
	case other.key == m.key:
		f.Severity = plog.SeverityNumberInfo
		f.Message += "the same issuer's key signed both."
	default:
		f.Message += "another issuer's key registered it again."
	}
	first, knownFirst := c.registers.first(m.fileID)
	second, knownSecond := c.registers.first(token.FileID)
	if knownFirst && knownSecond && second < first {
		f.Message += " Both documents were registered more than once or at other times: which of them listed the token first is not known."
	}
	return f, true, nil
}

// changedToken is about a token that has its document, but another recipient or issuer
// than the manifest that lists it. The public Rust registry stores the manifest before
// the tokens, so that a registration that is cut short leaves the parties of an earlier
// one, which its leaf names.
func (c *Checker) changedToken(token *registry.Token, m *manifest, registeredAt int64) (f Finding, ok bool) {
	settled := c.CaughtUp && token.RegisteredAt+clockTolerance <= c.now().Unix() // its leaf would be there
	if !settled || !c.registers.knowsAll(token.FileID) || c.registers.names(token.FileID, token.RecipientID, token.IssuerID) ||
		!c.registers.names(token.FileID, m.recipientID, m.issuerID) {
		return Finding{}, false
	}
	f = tokenFinding(token)
	f.Message = fmt.Sprintf("Token %s belongs to recipient %q, issuer %q; the signed manifest of its document %s and all of its register leaves name recipient %q, issuer %q: the registry's table of tokens was changed.",
		token.TokenID, token.RecipientID, token.IssuerID, m.fileID, m.recipientID, m.issuerID)
	if token.RegisteredAt != registeredAt { // two registrations, of which the first one lost its leaf
		f.Severity = plog.SeverityNumberWarn
	}
	return f, true
}

func tokenFinding(token *registry.Token) Finding {
	f := Finding{Row: -1}
	f.Kind, f.TokenID, f.FileID = translator.IntegrityTokenRebound, token.TokenID, token.FileID
	return f
}
