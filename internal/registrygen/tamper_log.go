// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// leaf is a leaf where it stands in the log.
type leaf struct {
	logLine                   // a copy
	index   int64             // as declared
	hash    [sha256.Size]byte // as declared
	data    []byte
}

// damagedLeaf is what all damage of a leaf and the row that claims it has in
// common. Its id is 0 if none does.
func damagedLeaf(index int64, row eventRow) Damage {
	return Damage{FirstLeaf: index, LastLeaf: index, FirstRow: row.id, LastRow: row.id}
}

// corrupt says how a leaf is found that cannot be relied on.
func (d Damage) corrupt() Damage {
	d.Findings = []string{translator.IntegrityLeafCorrupt}
	d.WitnessFindings = []string{translator.IntegrityLeafCorrupt}
	if d.FirstRow != 0 {
		d.Findings = append(d.Findings, translator.IntegrityRowMismatch)
		d.Status, d.Mismatch = translator.TlogStatusMismatch, "leaf"
	}
	return d
}

// rewritten says how it is found that the log is not what it was.
func (d Damage) rewritten() Damage {
	d.WitnessFindings = append([]string{translator.IntegrityLogRewritten}, d.WitnessFindings...)
	return d
}

// pickLeaf returns the leaf with the index that the options give, or else one of
// a row from the middle on, and the row that claims it.
func (t *tampering) pickLeaf(ctx context.Context) (l leaf, row eventRow, err error) {
	if t.options.At == nil {
		row, err = t.pickAlterable(ctx)
	} else {
		row, err = t.rowOf(ctx, t.column(), *t.options.At)
		row.index.Int64 = *t.options.At // if there is none
	}
	if err != nil {
		return l, row, err
	}
	l, err = t.readLeaf(row.index.Int64)
	return l, row, err
}

// readLeaf reads the leaf that says that it has an index.
func (t *tampering) readLeaf(index int64) (l leaf, err error) {
	err = t.scan(func(line logLine) error {
		declared, hash, err := line.declared()
		if err != nil || declared != index {
			return nil //nolint:nilerr // a log may be damaged more than once
		}
		line.text = bytes.Clone(line.text)
		l = leaf{logLine: line, index: index, hash: hash}
		return errFound
	})
	switch {
	case errors.Is(err, errFound):
		l.data, err = l.decode()
		return l, err
	case err == nil:
		return l, fmt.Errorf("the transparency log %s has no leaf %d: give the index of another one, or none", t.log, index)
	}
	return l, err
}

// errFound ends a scan.
var errFound = errors.New("found")

func (l logLine) decode() ([]byte, error) {
	var parsed struct {
		DataHex string `json:"leaf_data_hex"`
	}
	if err := json.Unmarshal(l.text, &parsed); err != nil {
		return nil, l.notALeaf()
	}
	data, err := hex.DecodeString(parsed.DataHex)
	if err != nil || len(data) == 0 {
		return nil, l.notALeaf()
	}
	return data, nil
}

// scan calls f with the log's lines.
func (t *tampering) scan(f func(logLine) error) (err error) {
	file, err := os.Open(t.log)
	if err != nil {
		return err
	}
	defer file.Close()
	return scanLog(file, f)
}

func (t *tampering) countLeaves() (n int64, err error) {
	err = t.scan(func(logLine) error { n++; return nil })
	return n, err
}

// alterLeaf changes a character of a leaf's data: of the column, or of the
// timestamp, which all leaves have, if no column was asked for and no row would
// have to fit.
func (t *tampering) alterLeaf(l leaf, row eventRow) ([]byte, alteration, error) {
	data, done, ok := alterObject(l.data, ":", leafKeys(t.column()))
	if !ok && t.options.Column == "" && row.id == 0 {
		data, done, ok = alterObject(l.data, ":", []string{"timestamp"})
	}
	if !ok {
		return nil, done, fmt.Errorf("leaf %d has no digit or small letter in %s: give another leaf, or another column", l.index, t.column())
	}
	return data, done, nil
}

// replaceLine makes the leaf's line another.
func (t *tampering) replaceLine(l leaf, text []byte) error {
	return t.rewrite(splice{l.offset, int64(len(l.text)), text})
}

func editLeaf(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	data, done, err := t.alterLeaf(l, row)
	if err != nil {
		return Damage{}, err
	}
	d := damagedLeaf(l.index, row).corrupt()
	d.Message = fmt.Sprintf("changed %s of leaf %d from %q to %q and left its hash", done.key, l.index, done.from, done.to)
	return d, t.replaceLine(l, appendLine(nil, l.index, l.hash, data))
}

// rehash does what LeafRehashed is, but for saying how it is found.
func (t *tampering) rehash(ctx context.Context) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	data, done, err := t.alterLeaf(l, row)
	if err != nil {
		return Damage{}, err
	}
	if _, fitting, _ := alterColumn(t.column(), row.value); row.id != 0 && fitting != done {
		return Damage{}, fmt.Errorf("row %d does not agree with leaf %d as it is: give another leaf", row.id, l.index)
	}
	d := damagedLeaf(l.index, row).rewritten()
	d.Message = fmt.Sprintf("changed %s of leaf %d from %q to %q, with its hash", done.key, l.index, done.from, done.to)
	if row.id != 0 {
		if _, err := t.alterRow(ctx, row); err != nil {
			return d, err
		}
		d.Status = translator.TlogStatusVerified
		d.Message += fmt.Sprintf(" and row %d", row.id)
	}
	return d, t.replaceLine(l, appendLine(nil, l.index, hashLeaf(data), data))
}

func rehashLeaf(ctx context.Context, t *tampering) (Damage, error) {
	d, err := t.rehash(ctx)
	d.Findings = []string{translator.IntegrityHeadInconsistent}
	d.WitnessFindings = append(d.WitnessFindings, translator.IntegrityHeadInconsistent)
	return d, err
}

func dropLeaf(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	d := damagedLeaf(l.index, row).corrupt().rewritten()
	d.Message = fmt.Sprintf("took away the line of leaf %d", l.index)
	return d, t.replaceLine(l, nil)
}

func reorderLeaves(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	next, err := t.readLeaf(l.index + 1)
	if err != nil {
		return Damage{}, err
	}
	if next.place != l.place+1 {
		return Damage{}, fmt.Errorf("leaf %d does not follow leaf %d: give another leaf", next.index, l.index)
	}
	d := damagedLeaf(l.index, row).corrupt().rewritten()
	d.Message = fmt.Sprintf("made the lines of the leaves %d and %d change places", l.index, next.index)
	text := append(bytes.Clone(next.text), l.text...)
	return d, t.rewrite(splice{l.offset, int64(len(text)), text})
}

func eraseLeaf(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	d := damagedLeaf(l.index, row).corrupt().rewritten()
	d.Message = fmt.Sprintf("made the line of leaf %d zero bytes", l.index)
	text := make([]byte, len(l.text)-1, len(l.text))
	return d, t.replaceLine(l, append(text, '\n'))
}

func truncateLog(ctx context.Context, t *tampering) (Damage, error) {
	size, err := t.countLeaves()
	if err != nil {
		return Damage{}, err
	}
	// Some of the last third, and one at least.
	first := size - 1 - t.random.Int64N(max(1, size/3))
	if t.options.At != nil {
		first = *t.options.At
	}
	l, err := t.readLeaf(max(0, first))
	if err != nil {
		return Damage{}, err
	}
	info, err := os.Stat(t.log)
	if err != nil {
		return Damage{}, err
	}
	d := Damage{FirstLeaf: l.index, LastLeaf: l.index + size - 1 - l.place}.rewritten()
	d.Message = fmt.Sprintf("took away the last %d lines, from leaf %d on", size-l.place, l.index)
	if d.FirstRow, d.LastRow, err = t.span(ctx, "id", "tlog_index >= ?", l.index); err != nil {
		return d, err
	}
	if d.FirstRow != 0 {
		d.Findings, d.Status = []string{translator.IntegrityRowMismatch}, translator.TlogStatusMissing
	}
	d.Findings = append(d.Findings, translator.IntegrityHeadInconsistent)
	d.WitnessFindings = append(d.WitnessFindings, translator.IntegrityHeadInconsistent)
	return d, t.rewrite(splice{l.offset, info.Size() - l.offset, nil})
}
