// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package azurelogsingestion is a logs exporter that writes each record as a
// row of a table in Azure Monitor, through the Logs Ingestion API.
//
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
package azurelogsingestion
