// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// newCredential creates the configured credential. It reads the certificate, but
// requests no token yet.
func newCredential(c *CredentialConfig, transport policy.Transporter) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{Cloud: c.authority(), Transport: transport}
	switch c.Type {
	case CredentialClientSecret:
		return newClientSecret(c, options)
	case CredentialClientCertificate:
		return newClientCertificate(c, options)
	case CredentialManagedIdentity:
		return newManagedIdentity(c, options)
	case CredentialWorkloadIdentity:
		return newWorkloadIdentity(c, options)
	case CredentialAzureCLI:
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.TenantID})
	default:
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions:            options,
			DisableInstanceDiscovery: c.hasOwnAuthority(),
			TenantID:                 c.TenantID,
		})
	}
}

// noRetries leaves retries to `retry_on_failure`, which reports them.
var noRetries = policy.RetryOptions{MaxRetries: -1}

func newClientSecret(c *CredentialConfig, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	options.Retry = noRetries
	return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, string(c.ClientSecret),
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: c.hasOwnAuthority()})
}

func newClientCertificate(c *CredentialConfig, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	options.Retry = noRetries
	data, err := os.ReadFile(c.ClientCertificatePath)
	if err != nil {
		return nil, fmt.Errorf("`credential::client_certificate_path` is %q: %w", c.ClientCertificatePath, err)
	}
	certificates, key, err := azidentity.ParseCertificates(data, []byte(c.ClientCertificatePassword))
	if err != nil {
		return nil, fmt.Errorf("`credential::client_certificate_path` is %q: %w", c.ClientCertificatePath, err)
	}
	return azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, certificates, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: c.hasOwnAuthority()})
}

// newManagedIdentity keeps azidentity's own retries: they handle the responses of
// a machine that has just started.
func newManagedIdentity(c *CredentialConfig, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	identity := azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
	switch {
	case c.ClientID != "":
		identity.ID = azidentity.ClientID(c.ClientID)
	case c.ResourceID != "":
		identity.ID = azidentity.ResourceID(c.ResourceID)
	}
	return azidentity.NewManagedIdentityCredential(&identity)
}

func newWorkloadIdentity(c *CredentialConfig, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	options.Retry = noRetries
	return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions:            options,
		DisableInstanceDiscovery: c.hasOwnAuthority(),
		ClientID:                 c.ClientID,
		TenantID:                 c.TenantID,
		TokenFilePath:            c.FederatedTokenFile,
	})
}
