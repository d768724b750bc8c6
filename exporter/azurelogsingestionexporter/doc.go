// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package azurelogsingestionexporter is a logs exporter that writes each record as a
// row of a table in Azure Monitor, through the Logs Ingestion API.
//
// One call, from start to end: the resources are sorted by their target, a
// stream of a rule (groups.go). For each target, the records are encoded one
// after another into a buffer (batch.go, encoder.go) that is sent whenever the
// next one would make it too long (delivery.go). The service's answer
// (client.go, response.go) settles rows, has them sent again in smaller parts,
// or ends the target's turn. What is not settled then is handed back to the
// exporter helper, which tries it again (exporter.go). Targets do not know of
// each other's failures; operators do (health.go).
//
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
package azurelogsingestionexporter
