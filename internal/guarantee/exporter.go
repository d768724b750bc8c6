// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package guarantee

import (
	"fmt"
	"slices"
	"time"
)

// middleware is the type of the extension that checks answers.
const middleware = "responsecheck"

// checkedExporters are the types of exporters whose answers it checks.
var checkedExporters = []string{
	"azuremonitor", "elasticsearch", "otlp", "otlp_grpc", "otlp_http", "otlphttp", "splunk_hec",
}

func (c *configurationCheck) checkExporter(pipeline, id string) {
	part := "exporter " + id
	exporter := c.root.get("exporters", id)
	kind := typeOf(id)
	if kind == "loadbalancing" {
		exporter = exporter.get("protocol", "otlp")
	}
	warn := func(problem, remedy string) { c.warn(Warning{pipeline, part, problem, remedy, false}) }
	loss := func(problem, remedy string) { c.warn(Warning{pipeline, part, problem, remedy, true}) }

	checkRetry(warn, kind, exporter)
	if kind == "azuremonitor" {
		loss("it reports success before it sends: an outage or a crash loses events", "use azure_logs_ingestion where that matters")
	} else {
		checkQueue(warn, loss, exporter.get("sending_queue"))
	}
	switch {
	case kind == "file" && !exporter.get("rotation").on():
		warn("it writes one file without a limit, and a rotation by others can lose lines", "set `rotation`")
	case kind == "kafka" && exporter.get("producer").text("required_acks") == "0":
		loss("`producer::required_acks` is 0: the broker's answer is not waited for", "set it to -1")
	}
	if (kind == "loadbalancing" || slices.Contains(checkedExporters, kind)) && !hasMiddleware(exporter) {
		problem := "answers are not checked: a redirect or a login page counts as success"
		if kind == "elasticsearch" && !exporter.get("retry").on() {
			problem = "documents that Elasticsearch refuses are dropped and count as sent, because answers are not checked"
		}
		loss(problem, "set `middlewares: [{id: responsecheck}]`")
	}
}

// maxRequestBytes is the size that no request of a receiver `oversight` exceeds, unless
// its `batch_bytes` is raised.
const maxRequestBytes = 1_000_000

// checkQueue warns of queues that report success early, or that mix requests. One that
// waits for the result and neither merges nor splits returns what the destination
// answered, with the error's type (exporterhelper v0.152.0, memory_queue.go, Offer).
func checkQueue(warn, loss func(problem, remedy string), queue settings) {
	const remedy = "set `sending_queue: {enabled: false}`"
	if !queue.on() {
		return
	}
	switch {
	case queue.text("storage") != "":
		loss("the persistent queue reports success before events are sent, and loses them when its disk is full", remedy)
	case queue.text("wait_for_result") != "true":
		loss("the queue reports success before events are sent: a crash, or an error that is not retried, loses them", remedy)
	default:
		checkQueueBatch(warn, queue.get("batch"))
	}
}

// checkQueueBatch warns of a queue that gives several requests one result: that of
// merged requests goes to all their senders, and that of a split one is success only
// if all parts are accepted (partition_batcher.go, multiDone and refCountDone).
func checkQueueBatch(warn func(problem, remedy string), batch settings) {
	if batch.number("min_size") > 0 {
		warn("the queue merges requests, so that one refused event makes all of them fail", "set `sending_queue: {enabled: false}`, or `batch: {min_size: 0}`")
	}
	// The effective configuration does not have the unit. No request has as many rows.
	if limit := batch.number("max_size"); limit > 0 && limit < maxRequestBytes {
		warn("the queue splits requests: where one part is refused, the others are sent again", "set `sending_queue: {enabled: false}`, or `batch: {max_size: 0}`")
	}
}

// checkRetry warns of an exporter that retries by itself: the receiver learns late, or
// never, what the destination answers.
func checkRetry(warn func(problem, remedy string), kind string, exporter settings) {
	if kind == "elasticsearch" {
		if exporter.get("retry").on() {
			warn("the exporter retries by itself, and the receiver does not learn why events are refused",
				"set `retry: {enabled: false}` together with the middleware responsecheck")
		}
		return
	}
	retry := exporter.get("retry_on_failure")
	if !retry.on() {
		return
	}
	problem := "the exporter retries without end by itself, and the receiver does not learn why events are refused"
	if limit := retry.text("max_elapsed_time"); !isZero(limit) {
		problem = fmt.Sprintf("the exporter retries by itself for %s before the receiver learns why events are refused", limit)
	}
	warn(problem, "set `retry_on_failure: {enabled: false}`: the receiver retries")
}

func isZero(duration string) bool {
	d, err := time.ParseDuration(duration)
	return duration == "0" || (err == nil && d == 0)
}

// hasMiddleware returns whether an exporter's client uses an instance of
// that extension.
func hasMiddleware(exporter settings) bool {
	return slices.ContainsFunc(middlewares(exporter), func(id string) bool { return typeOf(id) == middleware })
}

// middlewares returns the ids of the middlewares of an exporter's client.
func middlewares(exporter settings) []string {
	list, _ := exporter["middlewares"].([]any)
	var ids []string
	for _, element := range list {
		ids = append(ids, asSettings(element).text("id"))
	}
	return ids
}
