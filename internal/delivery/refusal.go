// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
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
)

// Refusal is an error that knows why a destination refused what was sent. It is an
// interface of built-in types so that modules that do not depend on this one can
// implement it.
type Refusal interface {
	error
	// RefusalClass is one of [RefusedByDestination], [RefusedContent] and
	// [RefusedSize]; anything else is no refusal.
	RefusalClass() string
}

// Classify returns the class of an error that is not nil. Where errors of several
// destinations are joined, one that blames a destination counts first, so that no
// row is blamed for it, and then the first [Refusal].
func Classify(err error) Class {
	if class := refusalClass(err); class != ClassUnknown {
		return class
	}
	if consumererror.IsPermanent(err) {
		return ClassUnknown
	}
	return ClassRetryable
}

// refusalClass returns the class that refusals in the tree of an error give it, or
// ClassUnknown.
func refusalClass(err error) Class {
	if refusal, ok := err.(Refusal); ok { //nolint:errorlint // it walks the tree itself
		if class := classOf(refusal); class != ClassUnknown {
			return class
		}
	}
	switch wrapper := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		return refusalClass(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		found := ClassUnknown
		for _, e := range wrapper.Unwrap() {
			class := refusalClass(e)
			if class == ClassDestination {
				return class
			}
			if found == ClassUnknown {
				found = class
			}
		}
		return found
	}
	return ClassUnknown
}

func classOf(refusal Refusal) Class {
	switch refusal.RefusalClass() {
	case RefusedByDestination:
		return ClassDestination
	case RefusedContent:
		return ClassContent
	case RefusedSize:
		return ClassSize
	}
	return ClassUnknown
}
