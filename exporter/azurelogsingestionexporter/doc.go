// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package azurelogsingestionexporter is a logs exporter that writes each record as
// a row of a table in Azure Monitor, through the Logs Ingestion API.
//
// One call, from start to end: the resources are grouped by target, a stream of a
// data collection rule (target_groups.go). For each target, records are encoded
// one after another into a buffer (request_buffer.go, encoder.go), which is sent
// when it is full (delivery.go). Depending on the response (client.go,
// response.go), rows are accepted, dropped, sent again in smaller requests, or
// returned to the exporter helper, which retries them later (exporter.go). A
// target that fails does not affect the others. Failures and recoveries are
// reported to operators (health.go).
//
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
package azurelogsingestionexporter
