// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"math"
	"strings"
)

// Sizes. Destinations limit requests by bytes: Kafka's producers to 1,000,000 bytes
// by default, and the proxies before Splunk's HTTP Event Collector and Elasticsearch
// often to 1 MB. A batch of events whose [Event.EncodedSize] adds up to at most
// DefaultBatchBytes is smaller than that in every form in which this module and the
// exporters write events, and smaller than OTLP's 4 MiB where a pipeline has
// translated them and sends them by OTLP.
const (
	// DefaultBatchBytes is the default of the largest batch, in bytes. It leaves room
	// for what stands once in a request, such as the resource, and for some small
	// attributes that a pipeline adds, which are counted nowhere.
	DefaultBatchBytes = 960_000
	// MaxEventBytes is the most that one event takes after [Event.Truncate], in
	// bytes, and so the least that a batch must be allowed.
	MaxEventBytes = 250_000
	// DefaultMaxValueBytes is the default of the longest value, in bytes. Lucene, and
	// so Elasticsearch, accepts 32,766 in a keyword, and 32,733 for the path and value
	// of a field below oversight.extra.
	DefaultMaxValueBytes = 16 << 10
)

// The parts of an event's size that do not depend on its values, in bytes: names,
// punctuation, times, numbers and uids. A test encodes events with the exporters, and
// fails where they are too small.
const (
	// fixedBytes is that of the largest form, a document of the exporter elasticsearch
	// with its action line, without what sizeCounter.text and RegistryID add.
	fixedBytes = 720
	// tlogBytes is for the index and the status of a leaf.
	tlogBytes = 65
	// fixedOTLPBytes is that of a record in OTLP JSON, which writes more around every
	// value: fieldOTLPBytes, and around those of oversight.extra what object returns.
	fixedOTLPBytes = 450
	tlogOTLPBytes  = 150
	fieldOTLPBytes = 68
	// namesBytes is for the names of all columns in a list.
	namesBytes = 200
)

// EncodedSize is the most bytes that the event takes in any form once
// [Event.Truncate] has been called with that limit: a form is one of the three
// shapes, as lines or by the exporters for them, or the record itself by OTLP. It
// counts bytes as escaped, as often as a form repeats a value, and what stands
// around them. It is at most [MaxEventBytes].
func (e *Event) EncodedSize(maxValueBytes int) int {
	c := sizeCounter{limit: maxValueBytes, bytes: fixedBytes, otlp: fixedOTLPBytes}
	// What is around a value, and how often it is repeated, is as in Elastic's
	// document, which repeats most.
	c.text(e.Kind, 4, 45)        // action, label, field, message
	c.text(e.TokenID, 2, 40)     // label, field
	c.text(e.FileID, 3, 48)      // label, field, message
	c.text(e.RecipientID, 4, 74) // label, field, related.user, message
	c.text(e.IssuerID, 2, 42)    // label, field
	c.text(e.SourceIP, 4, 40)    // source.address, source.ip, related.ip, message
	c.text(e.UserAgent, 1, 30)
	c.text(e.QualifiedTimestamp, 1, 30)
	c.text(e.DecodeError, 1, 30)
	c.bytes += len(e.RegistryID) // the operator's own, and of characters that are not escaped
	if e.HasTlogIndex || e.TlogStatus != "" {
		c.bytes += tlogBytes
		c.otlp += tlogOTLPBytes
	}
	if e.FileID == "" && e.RecipientID == "" {
		c.repeated(e.TokenID, 1, 0) // message
	}
	if e.Extra != "" {
		c.otlp += c.object(e.Extra)
		c.name(e.QuestionName)
		c.repeated(e.QuestionType(), 1, 0)
	}
	if e.TlogMismatch != "" || e.Truncated != "" || e.Reduced != "" {
		c.names(e.TlogMismatch, e.Truncated, e.Reduced)
	}
	return min(max(c.bytes, c.otlp), MaxEventBytes)
}

// sizeCounter adds up sizes.
type sizeCounter struct {
	limit int // of a value, in bytes
	bytes int // of values as often as they are repeated, and what is around them
	otlp  int // the same in OTLP JSON
}

// text adds a text that is written a number of times, and what is around it.
func (c *sizeCounter) text(text string, times, around int) {
	if text != "" {
		c.otlp += c.repeated(text, times, around) + fieldOTLPBytes
	}
}

// repeated adds a text where only forms other than OTLP repeat it. It returns the
// size of the text.
func (c *sizeCounter) repeated(text string, times, around int) int {
	if len(text) > c.limit {
		text = text[:c.limit]
		c.bytes += namesBytes
	}
	size := len(text)
	if !isUnescaped(text) {
		size = 0
		for i := range len(text) {
			size += int(escapedBytes[text[i]])
		}
	}
	c.bytes += size*times + around
	return size
}

// name adds the name of a DNS question, which is in the message, and as dns.question.name
// and in related.hosts with escapes of its own.
func (c *sizeCounter) name(name string) {
	c.text(name, 3, 75)
	if name != "" && !isUnescaped(name) {
		c.bytes += 2 * 4 * min(len(name), c.limit) // `\\ddd` for a byte that was counted as 1
	}
}

// object adds a JSON object, and returns what OTLP JSON writes around its values.
func (c *sizeCounter) object(text string) (structure int) {
	if len(text) > c.limit {
		c.bytes += namesBytes // what remains of it is shorter than all of it
	}
	var both uint64
	for i := range len(text) {
		both += objectBytes[text[i]]
	}
	size := int(both & math.MaxUint32)
	c.bytes += size + len(`"extra":{},`)
	c.otlp += size
	return int(both >> 32)
}

// names adds lists of names with commas between them.
func (c *sizeCounter) names(lists ...string) {
	for _, names := range lists {
		if names != "" {
			count := strings.Count(names, ",") + 1
			c.bytes += len(names) + 4*count + 30
			c.otlp += 2*len(names) + 32*count + 60
		}
	}
}
