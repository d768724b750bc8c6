// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

// Values of [CredentialConfig.Cloud].
const (
	// CloudPublic is Azure.
	CloudPublic = "public"
	// CloudUSGovernment is Azure Government.
	CloudUSGovernment = "us_government"
	// CloudChina is Azure operated by 21Vianet.
	CloudChina = "china"
)

// clouds has the token scope of Azure Monitor in each cloud, and the authority
// that issues tokens for it.
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
var clouds = map[string]struct {
	configuration cloud.Configuration
	scope         string
}{
	CloudPublic:       {cloud.AzurePublic, "https://monitor.azure.com/.default"},
	CloudUSGovernment: {cloud.AzureGovernment, "https://monitor.azure.us/.default"},
	CloudChina:        {cloud.AzureChina, "https://monitor.azure.cn/.default"},
}
