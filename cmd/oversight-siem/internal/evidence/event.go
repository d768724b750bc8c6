// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
)

// maxTimestampDelay is how far a row's timestamp may be from its leaf's.
const maxTimestampDelay = 60 * time.Second

// event is a row of the bundle and the proof of its leaf.
type event struct {
	row      value
	index    int64 // of the leaf; -1 for none
	proof    *tlog.Proof
	valid    bool   // whether the proof leads to the root that it states
	proofErr string // why there is none, if the bundle has something in its place
}

// openEvents reads the rows and the proofs.
func (b *bundle) openEvents() error {
	rows := b.root.get("events")
	b.result.Summary.Events = int64(len(rows.items))
	for i := range rows.items {
		e := event{row: rows.items[i], index: -1}
		if e.row.kind != '{' {
			return fmt.Errorf("events[%d] is not an object", i)
		}
		if v := e.row.get("tlog_index"); v.kind == '0' {
			if index, err := strconv.ParseInt(v.text, 10, 64); err == nil {
				e.index = index
			}
		}
		b.events = append(b.events, e)
	}
	proofs := b.root.get("tlog_proofs")
	for i := range proofs.items {
		if err := b.openProof(&proofs.items[i]); err != nil {
			return fmt.Errorf("tlog_proofs[%d]: %w", i, err)
		}
	}
	return nil
}

func (b *bundle) openProof(entry *value) error {
	position, inner := entry.get("event_row"), entry.get("proof")
	row, err := strconv.Atoi(position.text)
	if err != nil || row < 0 || row >= len(b.events) {
		return fmt.Errorf("event_row is %.40q: there is no such event", position.text)
	}
	e := &b.events[row]
	if e.proof != nil || e.proofErr != "" {
		return fmt.Errorf("there are two proofs for event_row %d", row)
	}
	stated := entry.get("tlog_index")
	proof, err := parseProof(&inner)
	switch {
	case err != nil:
		e.proofErr = err.Error()
	case proof.Index != e.index || stated.text != strconv.FormatInt(e.index, 10):
		e.proofErr = fmt.Sprintf("it is the proof of leaf %d", proof.Index)
	default:
		e.proof, e.valid = &proof, proof.Verify() == nil
	}
	return nil
}

// checkEvents checks each row against its leaf, its proof and the manifest.
func (b *bundle) checkEvents() {
	named := b.named("beacons", "token_id")
	sizes := b.growth()
	claimed := map[int64]string{} // row by leaf
	for i := range b.events {
		e := &b.events[i]
		b.checkRow(e)
		b.checkToken(e, named)
		switch {
		case e.index < 0:
			b.eventProblem(e, ResultNotProven, CheckProof, "the row names no leaf: the registry could not write its log, or somebody inserted the row", "")
		case e.proofErr != "":
			b.eventProblem(e, ResultFinding, CheckProof, "the bundle has something else in place of the proof of the row's leaf: "+e.proofErr, "")
		case e.proof == nil:
			b.eventProblem(e, ResultNotProven, CheckProof, "the bundle has no proof of the row's leaf", "")
		default:
			b.checkInclusion(e, sizes.mayHaveGrown(i))
			b.checkLeaf(e, claimed)
		}
	}
}

// id returns the row's id.
func (e *event) id() string {
	v := e.row.get("id")
	return v.text
}

func (b *bundle) eventProblem(e *event, result, check, message, fields string) {
	p := Problem{Check: check, Result: result, EventID: e.id(), Message: message, Fields: fields}
	if e.index >= 0 {
		p.Index = &e.index
	}
	b.result.add(p)
}

// checkRow checks what the row says of itself and of the file.
func (b *bundle) checkRow(e *event) {
	if v := e.row.get("file_id"); v.text != b.fileID {
		b.eventProblem(e, ResultFinding, CheckEvent, "the row is of another file than the bundle", "file_id")
	}
	seconds, qualified := e.row.get("timestamp"), e.row.get("qualified_timestamp")
	at, err := strconv.ParseInt(seconds.text, 10, 64)
	logged, timeErr := time.Parse(time.RFC3339, qualified.string())
	switch {
	case err != nil || timeErr != nil:
		b.eventProblem(e, ResultNotProven, CheckEvent, "timestamp or qualified_timestamp is not a time: they were not compared", "")
	case time.Unix(at, 0).Sub(logged).Abs() > maxTimestampDelay:
		b.eventProblem(e, ResultFinding, CheckEvent, fmt.Sprintf("timestamp is more than %s from qualified_timestamp, the time of the leaf", maxTimestampDelay), "timestamp")
	}
}

// checkToken compares whose token called back with what the issuer signed.
func (b *bundle) checkToken(e *event, named map[string]bool) {
	token, recipient, issuer := e.row.get("token_id"), e.row.get("recipient_id"), e.row.get("issuer_id")
	s := &b.result.Summary
	switch {
	case !named[token.text]:
		b.eventProblem(e, ResultNotProven, CheckToken, "the manifest does not name the row's token: an earlier manifest of the file may have", "token_id")
	case recipient.text != s.Recipient:
		b.eventProblem(e, ResultNotProven, CheckToken, fmt.Sprintf("the manifest names recipient %.80q, the row %.80q: the file or the token was registered again", s.Recipient, recipient.text), "recipient_id")
	case issuer.text != s.Issuer:
		b.eventProblem(e, ResultNotProven, CheckToken, fmt.Sprintf("the manifest names issuer %.80q, the row %.80q: the file or the token was registered again", s.Issuer, issuer.text), "issuer_id")
	case s.Manifest == SignatureValid:
		s.MatchTokens++
	}
}

// checkLeaf compares the row with its leaf, of which the bundle has the hash only: it
// writes the leaf as registries do. A newer registry may write another.
func (b *bundle) checkLeaf(e *event, claimed map[int64]string) {
	if !b.isHashOfRow(e) {
		b.eventProblem(e, ResultNotProven, CheckEvent, "the hash of the row's leaf is not that of the leaf which a registry writes for the row: the row was changed, the registry writes another form of leaf, or it used the index for another leaf", "")
		return
	}
	if first, found := claimed[e.index]; found {
		b.eventProblem(e, ResultFinding, CheckEvent, "the row's leaf is that of row "+first+": one of them was inserted", "tlog_index")
		return
	}
	claimed[e.index] = e.id()
	b.result.Summary.MatchLeaf++
}

func (b *bundle) isHashOfRow(e *event) bool {
	for _, f := range forms {
		for _, leafOfRow := range b.leaves(f, e) {
			if tlog.Hash(rfc6962.DefaultHasher.HashLeaf(leafOfRow)) == e.proof.LeafHash {
				return true
			}
		}
	}
	return false
}

// leaves returns the leaves that a registry may write for a row. Ids that are no
// strings in the manifest are none in the leaf, and text in the row.
func (b *bundle) leaves(f form, e *event) [][]byte {
	isDNS := false
	if kind := e.row.get("kind"); kind.text == "dns" {
		isDNS = true
	}
	object := value{kind: '{', members: append(make([]member, 0, 9), member{"event", stringValue("beacon")})}
	add := func(name string, v value) { object.members = append(object.members, member{name, v}) }
	for _, column := range []string{"file_id", "kind", "recipient_id", "source_ip", "token_id"} {
		add(column, e.row.get(column))
	}
	add("timestamp", e.row.get("qualified_timestamp"))
	if !isDNS {
		add("user_agent", e.row.get("user_agent"))
	} else {
		question, err := questionOf(e.row.get("extra"))
		if err != nil {
			return nil
		}
		add("qname", question[0])
		add("qtype", question[1])
	}
	object.sort()
	leaves := [][]byte{f.append(nil, &object)}
	recipient := b.manifest.get("recipient")
	typed := object
	isTyped := false
	for column, v := range map[string]value{"file_id": b.manifest.get("file_id"), "recipient_id": recipient.get("recipient_id")} {
		if row := object.get(column); v.kind != '"' && v.kind != 0 && v.stored() == row.text {
			typed, isTyped = typed.with(column, v), true
		}
	}
	if isTyped {
		leaves = append(leaves, f.append(nil, &typed))
	}
	return leaves
}

// questionOf returns qname and qtype of a row's extra. Strings in ASCII stay as they
// are written, lone surrogates too, which stand in the leaf in the same way.
func questionOf(extra value) (question [2]value, err error) {
	question = [2]value{{kind: 'n', text: "null"}, {kind: 'n', text: "null"}}
	decoder := jsontext.NewDecoder(bytes.NewReader([]byte(extra.string())), jsontext.AllowInvalidUTF8(true))
	if decoder.PeekKind() != '{' {
		return question, errors.New("extra is not a JSON object")
	}
	if _, err := decoder.ReadToken(); err != nil {
		return question, err
	}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return question, err
		}
		key := name.String()
		raw, err := decoder.ReadValue()
		if err != nil {
			return question, err
		}
		switch key {
		case "qname":
			question[0] = literal(raw)
		case "qtype":
			question[1] = literal(raw)
		}
	}
	return question, nil
}

// literal is a value of which only the text is of interest.
func literal(raw jsontext.Value) value {
	if parsed, err := parse(bytes.Clone(raw)); err == nil {
		return parsed
	}
	return value{kind: 'n', text: string(raw)} // with a lone surrogate: as it is written
}

// ParseProof parses the response to GET /tlog/proof/{index} of a registry. The proof has
// no Leaf, and is not verified.
func ParseProof(text []byte) (tlog.Proof, error) {
	v, err := parse(text)
	if err == nil && v.kind != '{' {
		err = errors.New("it is not a JSON object")
	}
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("not an inclusion proof: %w", err)
	}
	p, err := parseProof(&v)
	if err != nil {
		return tlog.Proof{}, errors.New("not an inclusion proof: it lacks index, leaf_hash, proof, root or tree_size, or one of them has another type")
	}
	return p, nil
}

// parseProof parses an inclusion proof as registries serve it.
func parseProof(v *value) (tlog.Proof, error) {
	var p tlog.Proof
	index, size, leafHash, root, hashes := v.get("index"), v.get("tree_size"), v.get("leaf_hash"), v.get("root"), v.get("proof")
	var errs [4]error
	p.Index, errs[0] = strconv.ParseInt(index.text, 10, 64)
	p.Size, errs[1] = strconv.ParseInt(size.text, 10, 64)
	p.LeafHash, errs[2] = leaf.ParseHash(leafHash.string())
	p.Root, errs[3] = leaf.ParseHash(root.string())
	if err := errors.Join(errs[:]...); err != nil {
		return p, errors.New("it cannot be read")
	}
	if index.kind != '0' || size.kind != '0' || hashes.kind != '[' || p.Index < 0 || p.Size < 0 || len(hashes.items) > 64 {
		return p, errors.New("it cannot be read")
	}
	for i := range hashes.items {
		hash, err := leaf.ParseHash(hashes.items[i].string())
		if err != nil {
			return p, errors.New("it cannot be read")
		}
		p.Hashes = append(p.Hashes, hash)
	}
	return p, nil
}
