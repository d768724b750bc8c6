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
	// ClientConfig is the HTTP client: `endpoint` (required), the ingestion URL
	// of a data collection endpoint or of the rule itself, such as
	// https://NAME.REGION-1.ingest.monitor.azure.com, and the settings of every
	// HTTP client of the Collector: proxy, TLS (1.2 or later), headers, `auth`.
	// Defaults: `compression` gzip, the only one that the service accepts;
	// `timeout` 30s, for each request. The token requests of `credential` use
	// the same proxy and trust the same CAs.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// RuleID is the immutable id of the data collection rule: dcr- and 32 hex
	// digits. The resource attribute azure.dcr.rule_id overrides it. Required.
	RuleID string `mapstructure:"rule_id"`

	// StreamName is the stream that the rule declares for these rows, as
	// Custom-NAME. The resource attribute azure.dcr.stream_name overrides it.
	// Required.
	StreamName string `mapstructure:"stream_name"`

	// Credential is how the exporter gets access tokens. Either this or `auth`
	// is required, and not both.
	Credential configoptional.Optional[CredentialConfig] `mapstructure:"credential"`

	// QueueConfig is the exporter helper's queue. Default: enabled, with the
	// helper's defaults.
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// BackOffConfig is how rows are retried that the service did not accept.
	// Default: enabled, every 5s to 30s without end (max_elapsed_time: 0), since
	// a new role assignment can take 30 minutes to take effect.
	BackOffConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// Preflight sends a request without rows when the Collector starts, and
	// reports a wrong endpoint, credential, rule or stream as component status.
	// It does not stop the Collector. Default: false.
	Preflight bool `mapstructure:"preflight"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// defaultTimeout is long enough for a megabyte over a slow uplink.
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
		errs = append(errs, fmt.Errorf("`compression` is %q: must be \"gzip\" or \"none\"", c.ClientConfig.Compression))
	}
	if slices.Contains([]string{"1.0", "1.1"}, c.ClientConfig.TLS.MinVersion) {
		errs = append(errs, fmt.Errorf("`tls::min_version` is %q: must be at least \"1.2\"", c.ClientConfig.TLS.MinVersion))
	}
	if c.Credential.HasValue() && c.ClientConfig.Auth.HasValue() {
		errs = append(errs, errors.New("`credential` and `auth` are both set: remove one of them"))
	}
	if !c.Credential.HasValue() && !c.ClientConfig.Auth.HasValue() {
		errs = append(errs, errors.New("`credential` or `auth` is required: without one there is no access token"))
	}
	return errors.Join(errs...)
}

// apiPath follows the endpoint in the URL of a request.
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
		return errors.New("`endpoint` must be a URL without user, query and fragment: it is logged")
	case strings.Contains(strings.ToLower(u.Path), strings.ToLower(apiPath)):
		return fmt.Errorf("`endpoint` is %q: must end before %s; the exporter adds the rest from `rule_id` and `stream_name`", endpoint, apiPath)
	}
	return nil
}
