// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter_test

import (
	"fmt"

	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/oversight-protocol/oversight-otelcol/exporter/azurelogsingestionexporter"
)

// The configuration of an exporter, from code instead of YAML.
func ExampleNewFactory() {
	factory := azurelogsingestionexporter.NewFactory()
	config := factory.CreateDefaultConfig().(*azurelogsingestionexporter.Config)
	config.ClientConfig.Endpoint = "https://siem-x1y2.westeurope-1.ingest.monitor.azure.com"
	config.RuleID = "dcr-0123456789abcdef0123456789abcdef"
	config.StreamName = "Custom-Oversight"
	config.Credential = configoptional.Some(azurelogsingestionexporter.CredentialConfig{
		Type:  azurelogsingestionexporter.CredentialManagedIdentity,
		Cloud: azurelogsingestionexporter.CloudPublic,
	})
	fmt.Println(factory.Type(), config.Validate())
	// Output: azure_logs_ingestion <nil>
}
