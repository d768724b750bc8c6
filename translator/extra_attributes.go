// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"iter"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// ExtraAttributes is what a pipeline added to an event or a finding: the attributes of its
// record and resource that are not its own, such as geo.country_iso_code. The
// zero value is empty.
type ExtraAttributes struct {
	resource, record pcommon.Map
	any              bool
	integrity        bool // the record holds a finding, which has other attributes
}

// directions begin the names of attributes that tell an exporter where to send
// a record, and are no part of what is sent.
var directions = []string{
	"com.splunk.",                                // splunk_hec
	"data_stream.", "elastic.", "elasticsearch.", // elasticsearch
	"azure.dcr.", // azure_logs_ingestion
}

// Empty reports that there is nothing.
func (a ExtraAttributes) Empty() bool { return !a.any }

// Get returns the attribute of a name, or false.
func (a ExtraAttributes) Get(name string) (pcommon.Value, bool) {
	if !a.any {
		return pcommon.Value{}, false
	}
	if value, ok := a.record.Get(name); ok {
		return value, true
	}
	return a.resource.Get(name)
}

// All yields the attributes by name, those of the record before those of the
// resource. A name that the record has too is not yielded for the resource, and
// attributes that only direct an exporter are not at all. The values must not
// be changed.
func (a ExtraAttributes) All() iter.Seq2[string, pcommon.Value] {
	return func(yield func(string, pcommon.Value) bool) {
		if !a.any {
			return
		}
		for name, value := range a.record.All() {
			if !a.isOwn(name) && !IsRoutingAttribute(name) && !yield(name, value) {
				return
			}
		}
		for name, value := range a.resource.All() {
			if !isAddedToResource(name) {
				continue
			}
			if _, ok := a.record.Get(name); !ok && !yield(name, value) {
				return
			}
		}
	}
}

// isOwn reports whether the attribute of a name is the event's or the finding's.
func (a ExtraAttributes) isOwn(name string) bool {
	if a.integrity {
		return integrityTakers[name] != nil
	}
	_, ok := fields[name]
	return ok
}

func addsAny(resource pcommon.Map) bool {
	for name := range resource.All() {
		if isAddedToResource(name) {
			return true
		}
	}
	return false
}

func isAddedToResource(name string) bool {
	return name != AttributeServiceName && name != AttributeRegistryID && !IsRoutingAttribute(name)
}

// IsRoutingAttribute reports whether an attribute tells an exporter where or how to
// send a record, such as com.splunk.index, and is no part of what is sent.
func IsRoutingAttribute(name string) bool {
	for _, prefix := range directions {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
