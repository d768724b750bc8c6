// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// Without a reduced form other rows are the evidence: those that are refused are
// blamed, and cost so many requests.
func TestRefusedRowsWithoutReducedForm(t *testing.T) {
	for name, test := range map[string]struct {
		ids      []int
		requests int
	}{
		"head":          {[]int{0}, 24},
		"middle":        {[]int{500}, 24},
		"100 scattered": {scattered(), 960},
		"100 together":  {span(300, 400), 700},
	} {
		for class, err := range map[string]error{"unknown": errUnknown, "content": errContent, "size": errSize} {
			t.Run(name+" "+class, func(t *testing.T) {
				s := newMessageSimulation(t, 1000, refuses(err, true, test.ids...)).run()
				s.checkNoRepeats()
				assert.Equal(t, 1000, s.head)
				assert.LessOrEqual(t, len(s.requests), test.requests)
				assert.Len(t, s.quarantined, len(test.ids))
				assert.Empty(t, s.owed)
			})
		}
	}
}

// 503 for one row, without a reduced form.
func TestOneRowAnsweredWithRetryableErrorsWithoutReducedForm(t *testing.T) {
	for _, id := range []int{0, 500, 990} {
		s := newMessageSimulation(t, 1000, refuses(errRetryable, true, id))
		start := s.now
		s.run()
		s.checkNoRepeats()
		assert.Equal(t, 1000, s.head)
		assert.True(t, s.quarantined[id])
		assert.Less(t, s.now.Sub(start), 3*time.Minute)
	}
}

// A row without others holds, whatever its error blames, until something else is
// accepted, and is blamed after that.
func TestRowWithoutOthers(t *testing.T) {
	for name, err := range map[string]error{
		"unknown": errUnknown, "content": errContent, "size": errSize, "retryable": errRetryable, "destination": errDestination,
	} {
		t.Run(name, func(t *testing.T) {
			s := newMessageSimulation(t, 1, func(request) error { return err })
			s.maxHold = 200
			s.run()
			require.Empty(t, s.quarantined, "nothing shows that the destination accepts anything")
			require.True(t, s.last.Holding)
			assert.True(t, s.lane.Searching())

			for range 20 { // something else is accepted while it holds, from time to time
				if s.head == s.rows {
					break
				}
				if s.last.Holding {
					s.acceptElsewhere()
				}
				s.step()
			}
			assert.True(t, s.quarantined[0])
		})
	}
}

// A destination that was down, for one call: what it accepts of others ends the hold, and
// nothing is blamed.
func TestAcceptedElsewhereEndsHold(t *testing.T) {
	for name, err := range map[string]error{"unknown": errUnknown, "retryable": errRetryable, "destination": errDestination} {
		t.Run(name, func(t *testing.T) {
			s := newMessageSimulation(t, 100, func(request) error { return err })
			for !s.last.Holding {
				s.step()
			}
			for range 5 {
				s.step()
			}
			s.answer = func(request) error { return nil }
			require.True(t, s.acceptElsewhere())
			s.run()
			s.checkNoRepeats()
			assert.Empty(t, s.quarantined)
			assert.Equal(t, 100, s.head)
		})
	}
}

// What is accepted elsewhere is no evidence against a row that was not refused alone,
// and does not shorten a wait.
func TestAcceptedElsewhereChangesNothingElse(t *testing.T) {
	s := newMessageSimulation(t, 100, func(request) error { return errRetryable })
	require.False(t, s.acceptElsewhere())
	s.step()
	require.Positive(t, s.last.Wait)
	require.False(t, s.acceptElsewhere())
	s.step()
	assert.False(t, s.last.Holding)
	s.step()
	assert.True(t, s.last.Holding)
}

// refusesInPart accepts all rows of a request but those.
func refusesInPart(err error, ids ...int) answer {
	return func(r request) error {
		accepted := slices.DeleteFunc(slices.Clone(r.ids), func(id int) bool { return slices.Contains(ids, id) })
		if len(accepted) == len(r.ids) {
			return nil
		}
		return partial{error: err, accepted: accepted}
	}
}

// An answer that accepts others and refuses a row, and a refusal of that row alone: it is
// blamed, though no row is left to compare it with.
func TestRefusedBesideOthers(t *testing.T) {
	for name, err := range map[string]error{"content": errContent, "size": errSize, "unknown": errUnknown} {
		t.Run(name, func(t *testing.T) {
			s := newMessageSimulation(t, 10, refusesInPart(err, 7)).run()
			s.checkNoRepeats()
			assert.True(t, s.quarantined[7])
			assert.Len(t, s.requests, 2)
		})
	}
	for name, err := range map[string]error{"retryable": errRetryable, "destination": errDestination, "busy": errBusy} {
		t.Run(name, func(t *testing.T) {
			s := newMessageSimulation(t, 10, refusesInPart(err, 7))
			for range 3 {
				s.step()
			}
			assert.Empty(t, s.quarantined, "not at once")
		})
	}
}

// An answer may be of several requests, and the destination may change between them. One
// row is blamed for it at most, unless its error says that the rows are to blame.
func TestRefusedBesideOthersForOneRow(t *testing.T) {
	s := newMessageSimulation(t, 10, refusesInPart(errUnknown, 7, 8, 9))
	s.maxHold = 100
	s.run()
	assert.Equal(t, map[int]bool{7: true}, s.quarantined)
	assert.True(t, s.last.Holding)

	s = newMessageSimulation(t, 10, refusesInPart(errContent, 7, 8, 9)).run()
	assert.Len(t, s.quarantined, 3)
}

// What was found out about the rows of a message does not count against those of the
// next one; a hold stays.
func TestNextMessage(t *testing.T) {
	send := func(err error) delivery.Send[string] {
		return func(context.Context, []string, delivery.Form) error { return err }
	}
	newLane := func() *delivery.Lane[string] {
		return delivery.NewLane(delivery.Settings{MaxRows: 1000, NoReducedForm: true}, func(row string) string { return row })
	}
	lane := newLane()
	step := lane.Answered(t.Context(), []string{"a", "b"}, partial2{errContent, []string{"a"}})
	require.Equal(t, 1, step.Passed)
	lane.NextMessage() // b was taken away
	step = lane.Step(t.Context(), []string{"c"}, send(errContent))
	assert.Nil(t, step.Blamed)
	assert.True(t, step.Holding)
	lane.NextMessage()
	assert.True(t, lane.Searching(), "it holds")
	assert.True(t, lane.AcceptedElsewhere())
	step = lane.Step(t.Context(), []string{"d"}, send(errContent))
	assert.Nil(t, step.Blamed, "it was refused once")
}

// partial2 is an error that names rows by their uids.
type partial2 struct {
	error
	accepted []string
}

func (p partial2) Unwrap() error             { return p.error }
func (p partial2) AcceptedRecords() []string { return p.accepted }

// ExampleLane_AcceptedElsewhere is a message of one row: another message is the
// evidence that the row is to blame.
func ExampleLane_AcceptedElsewhere() {
	lane := delivery.NewLane(delivery.Settings{MaxRows: 1000, NoReducedForm: true}, func(row string) string { return row })
	send := func(context.Context, []string, delivery.Form) error { return errContent }
	step := lane.Answered(context.Background(), []string{"a"}, errors.New("503"))
	fmt.Println("holding:", step.Holding)
	step = lane.Step(context.Background(), []string{"a"}, send)
	fmt.Println("holding:", step.Holding)
	fmt.Println("to be sent now:", lane.AcceptedElsewhere())
	step = lane.Step(context.Background(), []string{"a"}, send)
	fmt.Println("blamed:", step.Blamed.Row)
	// Output:
	// holding: false
	// holding: true
	// to be sent now: true
	// blamed: a
}

// FuzzMessageLane is FuzzLane without a reduced form, and with what is accepted
// elsewhere.
func FuzzMessageLane(f *testing.F) {
	f.Add([]byte{0}, uint8(1))
	f.Add([]byte{1, 1, 0x81, 1, 0x81, 1}, uint8(1))
	f.Add([]byte{0x0c, 4, 4, 0x84, 4}, uint8(9))
	f.Add([]byte{2, 2, 2, 0x82, 2, 0x82, 2, 0x82, 2}, uint8(2))
	f.Fuzz(func(t *testing.T, script []byte, rows uint8) {
		errs := []error{nil, errUnknown, errRetryable, errDestination, errContent, errSize, errBusy}
		s := newMessageSimulation(t, 1+int(rows), nil)
		var code byte
		s.answer = func(r request) error {
			err := errs[int(code%8)%len(errs)]
			if err == nil || code&8 == 0 {
				return err
			}
			p := partial{error: err}
			for i, id := range r.ids {
				if i%2 == 1 {
					p.accepted = append(p.accepted, id)
				}
			}
			return p
		}
		for _, code = range script {
			if s.head == s.rows {
				break
			}
			if code&0x80 != 0 {
				s.acceptElsewhere()
			}
			s.step()
		}
		s.checkNothingLost()
		s.answer = func(request) error { return nil }
		for range 2000 {
			if s.head == s.rows {
				break
			}
			s.step()
		}
		require.Equal(t, s.rows, s.head)
		s.checkNothingLost()
		s.checkNoRepeats()
	})
}
