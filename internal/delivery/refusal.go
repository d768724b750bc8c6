// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"errors"

	"go.opentelemetry.io/collector/consumer/consumererror"
)

// Class says what is to blame for an error of a delivery.
type Class int

// Classes of errors.
const (
	// ClassUnknown is a permanent error that says no more: the destination, or any
	// part of what was sent, may be to blame.
	ClassUnknown Class = iota
	// ClassRetryable is an error that is not permanent.
	ClassRetryable
	// ClassDestination blames the destination: a wrong token, a missing index.
	ClassDestination
	// ClassContent blames something that was sent.
	ClassContent
	// ClassSize blames the size of what was sent.
	ClassSize
)

// Names of classes, as [Refusal] returns them.
const (
	RefusedByDestination = "destination"
	RefusedContent       = "content"
	RefusedSize          = "size"
	// RefusedUnknown is a refusal that does not say what is to blame, such as a login
	// page. Unlike a permanent error it is one whether an exporter would retry or not.
	RefusedUnknown = "unknown"
)

// Refusal is an error that knows why a destination refused what was sent. It is an
// interface of built-in types so that modules that do not depend on this one can
// implement it.
type Refusal interface {
	error
	// RefusalClass is one of [RefusedByDestination], [RefusedContent], [RefusedSize]
	// and [RefusedUnknown]; anything else is no refusal.
	RefusalClass() string
}

// Classify returns the class of an error that is not nil. The first [Refusal] in
// its tree counts.
func Classify(err error) Class {
	var refusal Refusal
	if errors.As(err, &refusal) {
		switch refusal.RefusalClass() {
		case RefusedByDestination:
			return ClassDestination
		case RefusedContent:
			return ClassContent
		case RefusedSize:
			return ClassSize
		case RefusedUnknown:
			return ClassUnknown
		}
	}
	if consumererror.IsPermanent(err) {
		return ClassUnknown
	}
	return ClassRetryable
}
