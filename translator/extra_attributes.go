// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/routing"
)

// ExtraAttributes is what a pipeline added to an event or a finding: the
// attributes of its record and resource that are not its own, such as
// geo.country_iso_code, and not reserved, see [ReservedNamespace]. The zero value
// is empty.
type ExtraAttributes struct {
	resource, record pcommon.Map
	own              *attributeSet // of the record
	any              bool          // whether there may be some
}

// readResource returns the id of the registry that a resource describes, and what a
// pipeline added to the resource. The attributes of the record are left to
// [ExtraAttributes.found].
func readResource(resource pcommon.Resource, record plog.LogRecord, own *attributeSet) (registryID string, extra ExtraAttributes) {
	extra = ExtraAttributes{resource: resource.Attributes(), record: record.Attributes(), own: own}
	for name, value := range extra.resource.All() {
		if name == AttributeRegistryID {
			registryID = value.AsString()
		} else if isExtraOfResource(name) {
			extra.any = true
		}
	}
	return registryID, extra
}

// found records that the record has an attribute that is not its own.
func (a *ExtraAttributes) found(name string) { a.any = a.any || isExtra(name) }

// Empty reports whether there are none.
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
// resource. A resource attribute that the record has too is not yielded, and
// neither are attributes that only tell an exporter where to send the record. The
// values must not be changed.
func (a ExtraAttributes) All() iter.Seq2[string, pcommon.Value] {
	return func(yield func(string, pcommon.Value) bool) {
		if !a.any {
			return
		}
		for name, value := range a.record.All() {
			if !a.own.has(name) && isExtra(name) && !yield(name, value) {
				return
			}
		}
		for name, value := range a.resource.All() {
			if !isExtraOfResource(name) {
				continue
			}
			if _, ok := a.record.Get(name); !ok && !yield(name, value) {
				return
			}
		}
	}
}

// isExtra reports whether an attribute that is not the record's own is extra.
func isExtra(name string) bool { return !isReserved(name) && !routing.IsAttribute(name) }

func isExtraOfResource(name string) bool {
	switch name {
	case AttributeServiceName, AttributeServiceInstanceID, AttributeRegistryID:
		return false
	default:
		return isExtra(name)
	}
}
