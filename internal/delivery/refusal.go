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
	// ClassBusy says that the destination has too much to do now: of what was sent it
	// says nothing.
	ClassBusy
	// ClassDestination blames the destination: a wrong token, a missing index.
	ClassDestination
	// ClassContent blames something that was sent.
	ClassContent
	// ClassSize blames the size of what was sent.
	ClassSize
)

// MayPass says that the destination may accept the same rows later. An error of any other
// class blames something that was sent, or may do so.
func (c Class) MayPass() bool {
	return c == ClassRetryable || c == ClassBusy || c == ClassDestination
}

// Names of classes, as [Refusal] returns them.
const (
	RefusedByDestination = "destination"
	RefusedContent       = "content"
	RefusedSize          = "size"
	// RefusedBusy is a request to send again later, such as HTTP 429.
	RefusedBusy = "busy"
	// RefusedUnknown is a refusal that does not say what is to blame, such as a login
	// page. It is one whether an exporter would retry it by itself or not.
	RefusedUnknown = "unknown"
)

// Refusal is an error that knows why a destination refused what was sent. It is an
// interface of built-in types so that modules that do not depend on this one can
// implement it.
type Refusal interface {
	error
	// RefusalClass is one of [RefusedByDestination], [RefusedContent], [RefusedSize],
	// [RefusedBusy] and [RefusedUnknown]; anything else is no refusal.
	RefusalClass() string
}

// Classify returns the class of an error that is not nil. Where errors of several
// destinations are joined, one that blames a destination counts first, and then one
// that is busy, so that no row is blamed for them, and then the first [Refusal].
func Classify(err error) Class {
	if class, ok := refusalClass(err); ok {
		return class
	}
	if consumererror.IsPermanent(err) {
		return ClassUnknown
	}
	return ClassRetryable
}

// refusalClass returns the class that refusals in the tree of an error give it, if
// there is one.
func refusalClass(err error) (class Class, ok bool) {
	if refusal, isRefusal := err.(Refusal); isRefusal { //nolint:errorlint // it walks the tree itself
		if class, ok := classOf(refusal); ok {
			return class, true
		}
	}
	switch wrapper := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		return refusalClass(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range wrapper.Unwrap() {
			found, isFound := refusalClass(e)
			switch {
			case found == ClassDestination:
				return found, true
			case isFound && (!ok || found == ClassBusy):
				class, ok = found, true
			}
		}
	}
	return class, ok
}

func classOf(refusal Refusal) (class Class, ok bool) {
	switch refusal.RefusalClass() {
	case RefusedByDestination:
		return ClassDestination, true
	case RefusedBusy:
		return ClassBusy, true
	case RefusedContent:
		return ClassContent, true
	case RefusedSize:
		return ClassSize, true
	case RefusedUnknown:
		return ClassUnknown, true
	}
	return ClassUnknown, false
}
