// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

// Partial is an error of a request of which a part was accepted. It is an interface
// of built-in types so that modules that do not depend on this one can implement
// it.
//
// An exporter that splits a batch, to a destination without an idempotency key,
// returns it so that what was accepted is not sent again.
type Partial interface {
	error
	// AcceptedRecords are the log.record.uids of the records of this request that
	// the destination accepted. All others were not, or it is not known.
	AcceptedRecords() []string
}

// AcceptedRecords returns the log.record.uids that an error names as accepted, nil
// if it names none.
//
// An error that joins several is of several destinations, or of several requests,
// and what one of them accepted another may not have: it names none.
func AcceptedRecords(err error) []string {
	for err != nil {
		if partial, ok := err.(Partial); ok { //nolint:errorlint // errors.As would look into joined errors, too
			return partial.AcceptedRecords()
		}
		err = unwrapSingle(err)
	}
	return nil
}

func unwrapSingle(err error) error {
	switch wrapper := err.(type) { //nolint:errorlint // it unwraps step by step
	case interface{ Unwrap() error }:
		return wrapper.Unwrap()
	case interface{ Unwrap() []error }:
		if errs := wrapper.Unwrap(); len(errs) == 1 {
			return errs[0]
		}
	}
	return nil
}
