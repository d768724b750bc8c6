// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// loadConfig reads a configuration as the collector does.
func loadConfig(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config", name+".yaml"))
	require.NoError(t, err)
	config := NewFactory().CreateDefaultConfig().(*Config)
	if err := conf.Unmarshal(config); err != nil {
		return config, err
	}
	return config, confmap.Validate(config)
}

func TestFullConfig(t *testing.T) {
	config, err := loadConfig(t, "full")
	require.NoError(t, err)
	want := createDefaultConfig().(*Config)
	want.ClientConfig.Endpoint = "https://dce-x1y2.westeurope-1.ingest.monitor.azure.com"
	want.RuleID = "dcr-0123456789abcdef0123456789abcdef"
	want.StreamName = "Custom-Oversight_CL"
	want.ClientConfig.ProxyURL = "http://proxy.example.org:3128"
	want.ClientConfig.Compression = "none"
	want.ClientConfig.Timeout = 10 * time.Second
	want.ClientConfig.TLS.MinVersion = "1.3"
	*want.Credential.GetOrInsertDefault() = CredentialConfig{
		Type:                      CredentialClientCertificate,
		TenantID:                  "11111111-2222-3333-4444-555555555555",
		ClientID:                  "66666666-7777-8888-9999-aaaaaaaaaaaa",
		ClientCertificatePath:     "/etc/otelcol/certificate.pfx",
		ClientCertificatePassword: "secret",
		Cloud:                     CloudUSGovernment,
		AuthorityHost:             "https://login.example.org",
		Scope:                     "https://monitor.example.org/.default",
	}
	want.BackOffConfig.InitialInterval = time.Second
	want.BackOffConfig.MaxInterval = 10 * time.Second
	want.BackOffConfig.MaxElapsedTime = time.Hour
	want.Preflight = true
	queue := config.QueueConfig
	config.QueueConfig = want.QueueConfig
	assert.Equal(t, want, config)
	assert.Equal(t, 2, queue.Get().NumConsumers)
	assert.True(t, queue.Get().WaitForResult)
	assert.EqualValues(t, 500_000, queue.Get().Batch.Get().MinSize)
}

func TestDefaultConfig(t *testing.T) {
	config, err := loadConfig(t, "minimal")
	require.NoError(t, err)
	assert.EqualValues(t, "gzip", config.ClientConfig.Compression)
	assert.Equal(t, 30*time.Second, config.ClientConfig.Timeout)
	assert.Equal(t, CredentialConfig{Type: CredentialDefault, Cloud: CloudPublic}, *config.Credential.Get())
	assert.True(t, config.QueueConfig.HasValue())
	assert.False(t, config.QueueConfig.Get().Batch.HasValue())
	assert.True(t, config.BackOffConfig.Enabled)
	assert.Zero(t, config.BackOffConfig.MaxElapsedTime, "forever")
	assert.False(t, config.Preflight)
}

func TestAuthConfig(t *testing.T) {
	config, err := loadConfig(t, "auth")
	require.NoError(t, err)
	assert.False(t, config.Credential.HasValue())
	assert.Equal(t, "azure_auth", config.ClientConfig.Auth.Get().AuthenticatorID.String())
}

// The error for every invalid configuration names key and value.
func TestInvalidConfigs(t *testing.T) {
	want := map[string][]string{
		"no_endpoint":                 {"`endpoint` is required"},
		"endpoint_no_url":             {"`endpoint` is \"dce-x1y2.westeurope-1.ingest.monitor.azure.com\""},
		"endpoint_scheme":             {"`endpoint` is \"grpc://"},
		"endpoint_whole_url":          {"`endpoint` is \"https://", "must end before /dataCollectionRules/"},
		"endpoint_query":              {"`endpoint` must be a URL without user, query and fragment"},
		"no_rule_id":                  {"`rule_id` is \"\""},
		"rule_id_resource":            {"`rule_id` is \"/subscriptions/", "immutable id"},
		"rule_id_short":               {"`rule_id` is \"dcr-0123456789abcdef\""},
		"no_stream_name":              {"`stream_name` is \"\""},
		"stream_name":                 {"`stream_name` is \"Oversight_CL\"", "Custom-"},
		"stream_name_path":            {"`stream_name` is \"Custom-Oversight/../Other\""},
		"timeout":                     {"`timeout` is -1s"},
		"timeout_no_duration":         {"timeout", "invalid duration"},
		"compression":                 {"`compression` is \"zstd\""},
		"compression_unknown":         {"compression", "rar"},
		"tls_min_version":             {"`tls::min_version` is \"1.1\""},
		"no_credential":               {"`credential` or `auth` is required"},
		"credential_and_auth":         {"`credential` and `auth` are both set"},
		"credential_type":             {"credential", "`type` is \"password\"", "client_secret"},
		"credential_no_tenant_id":     {"credential", "`tenant_id` is required for the type \"client_secret\""},
		"credential_no_client_secret": {"credential", "`client_secret` is required for the type \"client_secret\""},
		"credential_no_certificate":   {"credential", "`client_certificate_path` is required"},
		"credential_secret_unused":    {"credential", "`client_secret` is set, but the type \"managed_identity\" does not use it"},
		"credential_two_identities":   {"credential", "`client_id` (\"app\") and `resource_id` (\"/subscriptions/s\") are both set"},
		"credential_cloud":            {"credential", "`cloud` is \"germany\"", "china, public, us_government"},
		"credential_authority_host":   {"credential", "`authority_host` is \"http://login.example.org\""},
		"credential_scope":            {"credential", "`scope` is \"https://monitor.azure.com\""},
		"credential_unknown_key":      {"credential", "secret"},
		"unknown_key":                 {"dcr_id"},
		"preflight":                   {"preflight", "expected type 'bool'"},
		"retry":                       {"retry_on_failure", "initial_interval"},
		"retry_unknown_key":           {"retry_on_failure", "max_elapsed"},
		"sending_queue":               {"sending_queue", "queue_size"},
		"sending_queue_storage":       {"sending_queue", "wait_for_result"},
	}
	files, err := filepath.Glob(filepath.Join("testdata", "config", "invalid_*.yaml"))
	require.NoError(t, err)
	assert.Len(t, files, len(want))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			parts := want[strings.TrimPrefix(name, "invalid_")]
			require.NotEmpty(t, parts)
			_, err := loadConfig(t, name)
			for _, part := range parts {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

// Secrets are masked wherever a configuration is printed.
func TestSecretsAreMasked(t *testing.T) {
	config, err := loadConfig(t, "full")
	require.NoError(t, err)
	assert.Equal(t, "[REDACTED]", config.Credential.Get().ClientCertificatePassword.String())
}
