// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"fmt"
)

// azureCredentials says why a credential is not used here, and with which command a
// token can be asked for by hand. Sources: learn.microsoft.com, "How to use managed
// identities on an Azure VM to acquire an access token", "az login", "az account".
var azureCredentials = map[string]struct{ why, command string }{
	"managed_identity":   {"belongs to the machine or the pod of the collector", `curl -sH Metadata:true "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://monitor.azure.com"`},
	"workload_identity":  {"belongs to the service account of the collector's pod", `az login --federated-token "$(cat $AZURE_FEDERATED_TOKEN_FILE)" --service-principal -u $AZURE_CLIENT_ID -t $AZURE_TENANT_ID`},
	"client_certificate": {"needs a signature with the application's certificate", "az login --service-principal -u CLIENT_ID -t TENANT_ID --certificate FILE"},
	"azure_cli":          {"belongs to the user of the Azure CLI", "az account get-access-token --resource https://monitor.azure.com"},
	"default":            {"is the first that the collector finds in its environment", "az account get-access-token --resource https://monitor.azure.com"},
}

// azureByHand says how to check what this command does not.
func (e *exporter) azureByHand(kind string) []finding {
	kind = cmp.Or(kind, "default")
	credential, known := azureCredentials[kind]
	if !known {
		return failed(fmt.Sprintf("set `%s::credential::type` to client_secret, or another type of the exporter's README", e.key()), "there is no credential of the type %q", kind)
	}
	return notChecked(fmt.Sprintf("set `%s::preflight` to true: the collector checks rule and role at its start. By hand, where the collector runs: %s", e.key(), credential.command),
		"the rule and the role: the credential %s %s", kind, credential.why)
}
