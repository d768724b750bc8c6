// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import "testing"

// FuzzLane answers each request with the next byte: what is accepted, what is not,
// how long a back-off is, how many rows a read returns, and rows that arrive. Nothing is lost, repeated or blamed without
// reason, and when the destination recovers everything is delivered.
func FuzzLane(f *testing.F) {
	f.Add([]byte{0}, uint8(1))
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1}, uint8(100))
	f.Add([]byte{2, 2, 2, 2, 0, 2, 2, 1, 3, 1, 1}, uint8(3))
	f.Add([]byte{3, 3, 0, 3, 3, 0, 3, 3, 0, 3, 3}, uint8(9))
	f.Add([]byte{4, 5, 0x16, 0x27, 0x38}, uint8(40))
	f.Fuzz(func(t *testing.T, script []byte, rows uint8) {
		errs := []error{nil, errUnknown, errRetryable, errDestination, errContent, errSize, errBusy}
		s := newSimulation(t, 1+int(rows), nil)
		s.maxQuarantine, s.maxAhead = 3, 8
		var code byte
		s.answer = func(r request) error {
			err := errs[int(code%8)%len(errs)]
			if err == nil || code&8 == 0 || r.reduced {
				return err
			}
			p := partial{error: err}
			for i, id := range r.ids {
				if i%int(1+code>>6) == 1 {
					p.accepted = append(p.accepted, id)
				}
			}
			return p
		}
		for _, code = range script {
			if s.head == s.rows {
				break
			}
			s.maxRows = 1 + 40*int(code>>4&3)
			s.step()
			if code&0x80 != 0 {
				s.rows++
			}
		}
		s.checkNothingLost()
		s.answer = func(request) error { return nil }
		for range 2000 {
			if s.head == s.rows {
				break
			}
			s.step()
		}
		if s.head != s.rows {
			t.Errorf("%d of %d rows are done", s.head, s.rows)
		}
		s.checkNothingLost()
		s.checkNoRepeats()
	})
}
