// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "strings"

// maxErrorBytes bounds the text of an error in the log and in the status: a
// destination's answer can be a page of HTML.
const maxErrorBytes = 2048

// boundedError is an error whose text was cut.
type boundedError struct {
	text string
	err  error
}

func (e *boundedError) Error() string { return e.text }
func (e *boundedError) Unwrap() error { return e.err }

// boundError cuts the text of an error that is too long.
func boundError(err error) error {
	text := err.Error()
	if len(text) <= maxErrorBytes {
		return err
	}
	return &boundedError{strings.ToValidUTF8(text[:maxErrorBytes], "") + "… (cut)", err}
}
