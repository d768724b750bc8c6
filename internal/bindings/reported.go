// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"crypto/sha256"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// MaxReported is how many states of tokens are reported singly. After that one finding
// says that there are more.
const MaxReported = 1000

// reportedSize is how many bytes of a state's hash are kept.
const reportedSize = 8

// reported is the findings about tokens that were made, each once for its state: the
// parties, and whether a row names them.
type reported struct {
	order []byte // what is saved
	known map[[reportedSize]byte]bool
}

func newReported(saved []byte) reported {
	r := reported{known: map[[reportedSize]byte]bool{}}
	for len(saved) >= reportedSize && len(r.known) <= MaxReported {
		r.add([reportedSize]byte(saved))
		saved = saved[reportedSize:]
	}
	return r
}

func (r *reported) encode() []byte { return r.order }

func (r *reported) add(key [reportedSize]byte) {
	r.known[key] = true
	r.order = append(r.order, key[:]...)
}

// filter drops the findings about tokens that were made before.
func (r *reported) filter(findings []Finding) []Finding {
	kept := findings[:0]
	for i := range findings {
		f := &findings[i]
		if f.Row >= 0 {
			kept = append(kept, *f)
			continue
		}
		key := stateOf(f)
		switch {
		case r.known[key] || len(r.known) > MaxReported:
			continue
		case len(r.known) == MaxReported:
			*f = tooMany()
		}
		r.add(key)
		kept = append(kept, *f)
	}
	return kept
}

// stateOf identifies what is reported once. The first row of a token is another one after
// old rows were pruned.
func stateOf(f *Finding) [reportedSize]byte {
	text := fmt.Sprintf("%s %q %q %t", f.Kind, f.TokenID, f.FileID, f.EventID != 0)
	sum := sha256.Sum256([]byte(text))
	return [reportedSize]byte(sum[:])
}

func tooMany() Finding {
	f := Finding{Row: -1}
	f.Kind = translator.IntegrityTokenRebound
	f.Message = fmt.Sprintf("More than %d tokens belong to another document or recipient than the signed manifest that lists them says: the others are not reported singly.", MaxReported)
	return f
}
