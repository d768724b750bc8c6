// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package routing knows the attributes that tell an exporter where or how to
// send a record, and are no part of what is sent.
package routing

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// prefixes begin the names of routing attributes.
var prefixes = [...]string{
	"com.splunk.",                                // splunk_hec
	"data_stream.", "elastic.", "elasticsearch.", // elasticsearch
	"azure.dcr.", // azure_logs_ingestion
}

// IsAttribute reports whether the attribute of a name is a routing attribute,
// such as com.splunk.index.
func IsAttribute(name string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// RemoveOthers removes all attributes of a record but the routing attributes.
func RemoveOthers(record plog.LogRecord) {
	record.Attributes().RemoveIf(func(name string, _ pcommon.Value) bool { return !IsAttribute(name) })
}

// SetDefault sets an attribute unless the pipeline has set it before, or the
// value is empty.
func SetDefault(m pcommon.Map, name, value string) {
	if value == "" {
		return
	}
	if _, ok := m.Get(name); !ok {
		m.PutStr(name, value)
	}
}
