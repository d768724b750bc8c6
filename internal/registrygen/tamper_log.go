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

// leaf is a leaf and its line in the log.
type leaf struct {
	logLine                   // a copy
	index   int64             // as declared
	hash    [sha256.Size]byte // as declared
	data    []byte
}

// damagedLeaf returns the part of a Damage that is the same for all damage of a leaf.
// The id of row is 0 if no row claims the leaf.
func damagedLeaf(index int64, row eventRow) Damage {
	return Damage{FirstLeaf: index, LastLeaf: index, FirstRow: row.id, LastRow: row.id}
}

// corrupt sets how a corrupt leaf is found.
func (d Damage) corrupt() Damage {
	d.Findings = []string{translator.IntegrityLeafCorrupt}
	d.FindingsAfterPriorRead = []string{translator.IntegrityLeafCorrupt}
	if d.FirstRow != 0 {
		d.Status = translator.TlogStatusUnavailable
	}
	return d
}

// rewritten adds how a prior reader finds that the log was changed.
func (d Damage) rewritten() Damage {
	d.FindingsAfterPriorRead = append([]string{translator.IntegrityLogRewritten}, d.FindingsAfterPriorRead...)
	return d
}

// pickLeaf returns the leaf with the index in the options, or else that of a row from
// the middle on, and the row that claims it.
func (t *tampering) pickLeaf(ctx context.Context) (l leaf, row eventRow, err error) {
	if t.options.At == nil {
		row, err = t.pickAlterable(ctx)
	} else {
		row, err = t.rowOf(ctx, t.column(), *t.options.At)
		row.index.Int64 = *t.options.At // also if no row claims it
	}
	if err != nil {
		return l, row, err
	}
	l, err = t.readLeaf(row.index.Int64)
	return l, row, err
}

// readLeaf reads the leaf whose line has that index.
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
		return l, fmt.Errorf("the transparency log %s has no leaf %d: pass the index of another leaf, or none", t.log, index)
	}
	return l, err
}

// errFound ends a scan.
var errFound = errors.New("stop scanning")

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

// alterLeaf changes a character of a leaf's data: of the column or, if none is selected
// and no row claims the leaf, of the timestamp, which all leaves have.
func (t *tampering) alterLeaf(l leaf, row eventRow) ([]byte, alteration, error) {
	data, done, ok := alterObject(l.data, ":", leafKeys(t.column()))
	if !ok && t.options.Column == "" && row.id == 0 {
		data, done, ok = alterObject(l.data, ":", []string{"timestamp"})
	}
	if !ok {
		return nil, done, fmt.Errorf("leaf %d has no digit or lowercase letter in %s: pass another leaf or another column", l.index, t.column())
	}
	return data, done, nil
}

// replaceLine replaces the leaf's line.
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
	d.Message = fmt.Sprintf("changed %s of leaf %d from %q to %q and kept its hash", done.key, l.index, done.from, done.to)
	return d, t.replaceLine(l, appendLine(nil, l.index, l.hash, data))
}

// rehash does the damage of LeafRehashed, without how it is found.
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
		return Damage{}, fmt.Errorf("row %d already differs from leaf %d: pass another leaf", row.id, l.index)
	}
	d := damagedLeaf(l.index, row).rewritten()
	d.Message = fmt.Sprintf("changed %s of leaf %d from %q to %q, and its hash with it", done.key, l.index, done.from, done.to)
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
	d.FindingsAfterPriorRead = append(d.FindingsAfterPriorRead, translator.IntegrityHeadInconsistent)
	return d, err
}

func dropLeaf(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	d := damagedLeaf(l.index, row)
	d.Message = fmt.Sprintf("removed the line of leaf %d", l.index)
	d.FindingsAfterPriorRead = []string{translator.IntegrityLogRewritten, translator.IntegrityHeadNotCompared}
	if row.id != 0 {
		d.Findings, d.Status = []string{translator.IntegrityRowMismatch}, translator.TlogStatusMissing
	}
	size, err := t.countLeaves()
	if err != nil {
		return d, err
	}
	if l.number < size-1 { // there is a line after it
		d.Findings = append(d.Findings, translator.IntegrityLeafIndexJumped)
	}
	d.Findings = append(d.Findings, translator.IntegrityHeadNotCompared)
	return d, t.replaceLine(l, nil)
}

// readTogether is how many lines readers put in order together, from the first one on.
const readTogether = 256

func reorderLeaves(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	next, err := t.readLeaf(l.index + 1)
	if err != nil {
		return Damage{}, err
	}
	if next.number != l.number+1 {
		return Damage{}, fmt.Errorf("leaf %d does not follow leaf %d: pass another leaf", next.index, l.index)
	}
	d := damagedLeaf(l.index, row)
	d.Findings = []string{translator.IntegrityLeafIndexJumped}
	if next.number%readTogether == 0 {
		d.Findings = append(d.Findings, translator.IntegrityHeadNotCompared)
	}
	if row.id != 0 {
		d.Status = translator.TlogStatusVerified
	}
	d.Message = fmt.Sprintf("swapped the lines of leaves %d and %d", l.index, next.index)
	text := append(bytes.Clone(next.text), l.text...)
	return d, t.rewrite(splice{l.offset, int64(len(text)), text})
}

func eraseLeaf(ctx context.Context, t *tampering) (Damage, error) {
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	d := damagedLeaf(l.index, row).corrupt()
	d.Findings = append(d.Findings, translator.IntegrityHeadNotCompared)
	d.Message = fmt.Sprintf("overwrote the line of leaf %d with zero bytes", l.index)
	text := make([]byte, len(l.text)-1, len(l.text))
	return d, t.replaceLine(l, append(text, '\n'))
}

func truncateLog(ctx context.Context, t *tampering) (Damage, error) {
	size, err := t.countLeaves()
	if err != nil {
		return Damage{}, err
	}
	// A part of the last third, and one line at least.
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
	d := Damage{FirstLeaf: l.index, LastLeaf: l.index + size - 1 - l.number}.rewritten()
	d.Message = fmt.Sprintf("removed the last %d lines, from leaf %d on", size-l.number, l.index)
	if d.FirstRow, d.LastRow, err = t.minMax(ctx, "id", "tlog_index >= ?", l.index); err != nil {
		return d, err
	}
	if d.FirstRow != 0 {
		d.Findings, d.Status = []string{translator.IntegrityRowMismatch}, translator.TlogStatusMissing
	}
	d.Findings = append(d.Findings, translator.IntegrityHeadNotCompared)
	d.FindingsAfterPriorRead = append(d.FindingsAfterPriorRead, translator.IntegrityHeadNotCompared)
	return d, t.rewrite(splice{l.offset, info.Size() - l.offset, nil})
}
