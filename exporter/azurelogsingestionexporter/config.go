// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// Config is what a user writes below `exporters: azure_logs_ingestion:`.
type Config struct {
	// ClientConfig says how the service is reached: `endpoint` (required), the
	// ingestion URL of a data collection endpoint or of the rule itself, such
	// as https://NAME.REGION-1.ingest.monitor.azure.com, and what all clients of
	// the collector have: proxy, TLS (1.2 at least), headers, `auth`.
	// Defaults: `compression` gzip, which is the only one that the service
	// reads; `timeout` 30s, for each request. The token requests of
	// `credential` go through the same proxy and trust the same CAs.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// RuleID is the immutable id of the data collection rule: dcr- and 32 hex
	// digits. The resource attribute azure.dcr.rule_id overrides it. Required.
	RuleID string `mapstructure:"rule_id"`

	// StreamName is the stream that the rule declares for these rows, as
	// Custom-NAME. The resource attribute azure.dcr.stream_name overrides it.
	// Required.
	StreamName string `mapstructure:"stream_name"`

	// Credential says where the access token comes from. Either this or `auth`
	// has to be set.
	Credential configoptional.Optional[CredentialConfig] `mapstructure:"credential"`

	// QueueConfig is the exporter helper's queue, with its defaults.
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// BackOffConfig says how rows are tried again that the service did not
	// take. Default: enabled, from 5s to 30s apart, for ever
	// (max_elapsed_time: 0), since a new role assignment may take 30 minutes to
	// work.
	BackOffConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// Preflight sends an empty array when the collector starts, and reports as
	// component status what is wrong with the endpoint, the credential, the
	// rule or the stream. It does not stop the collector. Default: false.
	Preflight bool `mapstructure:"preflight"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// defaultTimeout leaves a slow uplink the time for a megabyte.
const defaultTimeout = 30 * time.Second

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Compression = configcompression.TypeGzip
	client.Timeout = defaultTimeout
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0
	return &Config{
		ClientConfig:  client,
		Credential:    configoptional.Default(CredentialConfig{Type: CredentialDefault, Cloud: CloudPublic}),
		QueueConfig:   configoptional.Some(exporterhelper.NewDefaultQueueConfig()),
		BackOffConfig: retry,
	}
}

// Validate reports every wrong setting, with its key and value. It does no I/O.
func (c *Config) Validate() error {
	errs := []error{validateEndpoint(c.ClientConfig.Endpoint), validateRuleID(c.RuleID), validateStreamName(c.StreamName)}
	if c.ClientConfig.Timeout < 0 {
		errs = append(errs, fmt.Errorf("`timeout` is %s: must not be negative", c.ClientConfig.Timeout))
	}
	if c.ClientConfig.Compression != configcompression.TypeGzip && c.ClientConfig.Compression.IsCompressed() {
		errs = append(errs, fmt.Errorf("`compression` is %q: the service reads \"gzip\", or \"none\"", c.ClientConfig.Compression))
	}
	if slices.Contains([]string{"1.0", "1.1"}, c.ClientConfig.TLS.MinVersion) {
		errs = append(errs, fmt.Errorf("`tls.min_version` is %q: must be at least \"1.2\"", c.ClientConfig.TLS.MinVersion))
	}
	if c.Credential.HasValue() && c.ClientConfig.Auth.HasValue() {
		errs = append(errs, errors.New("`credential` and `auth` are both set: the token can come from one of them only"))
	}
	if !c.Credential.HasValue() && !c.ClientConfig.Auth.HasValue() {
		errs = append(errs, errors.New("`credential` is required (or `auth`): it says where the access token comes from"))
	}
	return errors.Join(errs...)
}

// apiPath is what the exporter adds to the endpoint.
const apiPath = "/dataCollectionRules/"

func validateEndpoint(endpoint string) error {
	if endpoint == "" {
		return errors.New("`endpoint` is required: the ingestion URL of the data collection endpoint or rule")
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return fmt.Errorf("`endpoint` is %q: must be a URL such as https://NAME.REGION-1.ingest.monitor.azure.com", endpoint)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("`endpoint` must be a URL without user, query and fragment, since it is logged")
	case strings.Contains(strings.ToLower(u.Path), strings.ToLower(apiPath)):
		return fmt.Errorf("`endpoint` is %q: must end before %s, which `rule_id` and `stream_name` provide", endpoint, apiPath)
	}
	return nil
}
