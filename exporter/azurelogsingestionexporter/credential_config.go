// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"go.opentelemetry.io/collector/config/configopaque"
)

// Values of [CredentialConfig.Type].
const (
	// CredentialDefault tries, in this order, the environment variables AZURE_*,
	// workload identity, managed identity, the Azure CLI and other developer
	// tools:
	// https://learn.microsoft.com/azure/developer/go/sdk/authentication/credential-chains
	CredentialDefault = "default"
	// CredentialClientSecret is an application with a secret.
	CredentialClientSecret = "client_secret"
	// CredentialClientCertificate is an application with a certificate.
	CredentialClientCertificate = "client_certificate"
	// CredentialManagedIdentity is the identity of the Azure machine or Azure Arc
	// server that the Collector runs on.
	CredentialManagedIdentity = "managed_identity"
	// CredentialWorkloadIdentity is an application that trusts the service
	// account tokens of a Kubernetes cluster.
	CredentialWorkloadIdentity = "workload_identity"
	// CredentialAzureCLI is the user of `az login`.
	CredentialAzureCLI = "azure_cli"
)

// CredentialConfig is the setting `credential`: how the exporter gets access
// tokens from Microsoft Entra ID.
type CredentialConfig struct {
	// Type is `default` (the default), `client_secret`, `client_certificate`,
	// `managed_identity`, `workload_identity` or `azure_cli`.
	Type string `mapstructure:"type"`

	// TenantID is the tenant of the application: required for client_secret and
	// client_certificate. For workload_identity the default is AZURE_TENANT_ID,
	// for azure_cli and default the tool's own.
	TenantID string `mapstructure:"tenant_id"`

	// ClientID is the application's id: required for client_secret and
	// client_certificate. For workload_identity the default is
	// AZURE_CLIENT_ID; for managed_identity it selects a user-assigned one.
	ClientID string `mapstructure:"client_id"`

	// ClientSecret is required for client_secret.
	ClientSecret configopaque.String `mapstructure:"client_secret"`

	// ClientCertificatePath is required for client_certificate: a file with the
	// certificate and its RSA key, PEM or PKCS#12. It is read once, at start.
	ClientCertificatePath string `mapstructure:"client_certificate_path"`

	// ClientCertificatePassword is that of a PKCS#12 file. Default: none.
	ClientCertificatePassword configopaque.String `mapstructure:"client_certificate_password"`

	// FederatedTokenFile is for workload_identity: the service account token.
	// Default: AZURE_FEDERATED_TOKEN_FILE.
	FederatedTokenFile string `mapstructure:"federated_token_file"`

	// ResourceID is for managed_identity: selects a user-assigned one, instead
	// of client_id.
	ResourceID string `mapstructure:"resource_id"`

	// Cloud is `public` (the default), `us_government` or `china`. It sets the
	// defaults of authority_host and scope.
	Cloud string `mapstructure:"cloud"`

	// AuthorityHost is the URL of Microsoft Entra ID, https only. If it is set,
	// it is trusted without instance discovery in Microsoft's public cloud.
	// Default: that of the cloud.
	AuthorityHost string `mapstructure:"authority_host"`

	// Scope is the scope of the access token. Default: that of Azure Monitor in
	// the cloud, such as https://monitor.azure.com/.default.
	Scope string `mapstructure:"scope"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// credentialKeys has the required and optional settings of each credential type.
var credentialKeys = map[string]struct{ required, optional []string }{
	CredentialDefault:           {optional: []string{"tenant_id", "authority_host"}},
	CredentialClientSecret:      {required: []string{"tenant_id", "client_id", "client_secret"}, optional: []string{"authority_host"}},
	CredentialClientCertificate: {required: []string{"tenant_id", "client_id", "client_certificate_path"}, optional: []string{"client_certificate_password", "authority_host"}},
	CredentialManagedIdentity:   {optional: []string{"client_id", "resource_id"}},
	CredentialWorkloadIdentity:  {optional: []string{"tenant_id", "client_id", "federated_token_file", "authority_host"}},
	CredentialAzureCLI:          {optional: []string{"tenant_id"}},
}

type setting struct{ key, value string }

func (c *CredentialConfig) settings() []setting {
	return []setting{
		{"tenant_id", c.TenantID},
		{"client_id", c.ClientID},
		{"client_secret", string(c.ClientSecret)},
		{"client_certificate_path", c.ClientCertificatePath},
		{"client_certificate_password", string(c.ClientCertificatePassword)},
		{"federated_token_file", c.FederatedTokenFile},
		{"resource_id", c.ResourceID},
		{"authority_host", c.AuthorityHost},
	}
}

// Validate reports every wrong setting, with its key and value. It does no I/O
// and shows no secret.
func (c *CredentialConfig) Validate() error {
	keys, ok := credentialKeys[c.Type]
	if !ok {
		return fmt.Errorf("`type` is %q: must be one of %s", c.Type, joinKeys(credentialKeys))
	}
	var errs []error
	for _, s := range c.settings() {
		if required := slices.Contains(keys.required, s.key); required && s.value == "" {
			errs = append(errs, fmt.Errorf("`%s` is required for the type %q", s.key, c.Type))
		} else if !required && s.value != "" && !slices.Contains(keys.optional, s.key) {
			errs = append(errs, fmt.Errorf("`%s` is set, but the type %q does not use it: remove it", s.key, c.Type))
		}
	}
	if c.Type == CredentialManagedIdentity && c.ClientID != "" && c.ResourceID != "" {
		errs = append(errs, fmt.Errorf("`client_id` (%q) and `resource_id` (%q) are both set: remove one of them", c.ClientID, c.ResourceID))
	}
	return errors.Join(append(errs, c.validateCloud())...)
}

func (c *CredentialConfig) validateCloud() error {
	var errs []error
	if _, ok := clouds[c.Cloud]; !ok {
		errs = append(errs, fmt.Errorf("`cloud` is %q: must be one of %s", c.Cloud, joinKeys(clouds)))
	}
	if u, err := url.Parse(c.AuthorityHost); c.AuthorityHost != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		errs = append(errs, fmt.Errorf("`authority_host` is %q: must be a URL such as https://login.microsoftonline.com", c.AuthorityHost))
	}
	if c.Scope != "" && !strings.HasSuffix(c.Scope, "/.default") {
		errs = append(errs, fmt.Errorf("`scope` is %q: must end in /.default", c.Scope))
	}
	return errors.Join(errs...)
}

// authority returns the cloud for azidentity.
func (c *CredentialConfig) authority() cloud.Configuration {
	if c.AuthorityHost != "" {
		return cloud.Configuration{ActiveDirectoryAuthorityHost: c.AuthorityHost}
	}
	return clouds[c.Cloud].configuration
}

// scope returns the scope of the token.
func (c *CredentialConfig) scope() string {
	if c.Scope != "" {
		return c.Scope
	}
	return clouds[c.Cloud].scope
}

// hasOwnAuthority reports whether the user set the authority. It is then used
// without instance discovery, which asks the public cloud and fails for private
// authorities.
func (c *CredentialConfig) hasOwnAuthority() bool { return c.AuthorityHost != "" }

// joinKeys lists the keys of a map for an error message.
func joinKeys[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
