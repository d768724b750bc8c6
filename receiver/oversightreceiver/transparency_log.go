// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// TransparencyLogConfig is what a user writes below `transparency_log:`. It
// makes the receiver check every event against the registry's transparency log.
// Each event gets the attribute oversight.tlog.status, and what is wrong with the
// log or the table becomes records with the EventName oversight.integrity.
type TransparencyLogConfig struct {
	// Leaves is the path of the log's leaves.jsonl. The receiver needs
	// permission to read it. It need not exist yet. Required.
	Leaves string `mapstructure:"leaves"`

	// PublicKey is the registry's Ed25519 public key, 64 hex digits, which
	// signs tree heads. Default: registry_id where that is such a key.
	PublicKey string `mapstructure:"public_key"`

	// TreeHead says where signed tree heads come from, to compare the log with.
	// Default: none, and then only the log and the table are compared.
	TreeHead configoptional.Optional[TreeHeadConfig] `mapstructure:"tree_head"`

	// Wait is how long an event may wait for its leaf to appear, or for the log to
	// be readable. A registry writes the leaf first, so that hardly any event waits.
	// Default 2s; with 0, what is there is still read, for at most 50ms.
	Wait time.Duration `mapstructure:"wait"`

	// Grace is how long a leaf may be without its row before that is reported as
	// leaf_without_row, a row without its leaf before that is a row_mismatch, and how long the log may be shorter than a signed head, or
	// have another root, before that is reported. A registry whose database is locked
	// fails after five seconds. Default 1m; at least 1s.
	Grace time.Duration `mapstructure:"grace"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TreeHeadConfig is what a user writes below `tree_head:`. The receiver makes one
// request at a time, the first at a random time within the interval, at most a minute
// after the start, and follows no redirect.
//
// A short interval is a risk for the registry: the public Rust registry may stop
// answering for good when it is asked for a head while it writes a leaf, since it takes
// two locks in opposite order. Under load that happened within a second with five
// requests a second, and never with one in two seconds.
type TreeHeadConfig struct {
	// ClientConfig is the registry's `endpoint` (required), such as
	// https://registry.example.org, to which /tlog/head is added, and what all
	// clients of the collector have: proxy, TLS, headers, auth.
	// Default of `timeout`: 10s, also for 0.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// Interval is the time between a response and the next request. After 24 of them,
	// and at least an hour, without a valid head, or without one that grows with the
	// log, heads are reported as missing. Default 5m; at least 1s.
	Interval time.Duration `mapstructure:"interval"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	defaultWait         = 2 * time.Second
	defaultHeadInterval = 5 * time.Minute
	defaultHeadTimeout  = 10 * time.Second
	// minPeriod catches numbers without a unit, which are nanoseconds.
	minPeriod = time.Second
)

func defaultTransparencyLog() configoptional.Optional[TransparencyLogConfig] {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = defaultHeadTimeout
	return configoptional.Default(TransparencyLogConfig{
		TreeHead: configoptional.Default(TreeHeadConfig{ClientConfig: client, Interval: defaultHeadInterval}),
		Wait:     defaultWait,
		Grace:    reconcile.DefaultGrace,
	})
}

// Validate reports every wrong setting but for the key, see [Config.Validate]. It
// does no I/O.
func (c *TransparencyLogConfig) Validate() error {
	var errs []error
	if c.Leaves == "" {
		errs = append(errs, errors.New("`leaves` is required: the path of the transparency log's leaves.jsonl"))
	} else {
		errs = append(errs, checkFilePath("`leaves`", c.Leaves))
	}
	if c.Wait < 0 {
		errs = append(errs, fmt.Errorf("`wait` is %s: must not be negative", c.Wait))
	}
	if c.Grace < minPeriod {
		errs = append(errs, fmt.Errorf("`grace` is %s: must be at least %s; write a unit, such as 5s", c.Grace, minPeriod))
	}
	return errors.Join(errs...)
}

// Validate reports every wrong setting, with its key and value. It does no I/O.
func (c *TreeHeadConfig) Validate() error {
	var errs []error
	if c.Interval < minPeriod {
		errs = append(errs, fmt.Errorf("`interval` is %s: must be at least %s; write a unit, such as 5s", c.Interval, minPeriod))
	}
	u, err := url.Parse(c.ClientConfig.Endpoint)
	switch {
	case c.ClientConfig.Endpoint == "":
		errs = append(errs, errors.New("`endpoint` is required: the URL of the registry"))
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		errs = append(errs, fmt.Errorf("`endpoint` is %q: must be a URL such as https://registry.example.org", c.ClientConfig.Endpoint))
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		errs = append(errs, errors.New("`endpoint` must be a URL without user, query and fragment: it is logged"))
	}
	return errors.Join(errs...)
}

// key is the one that signs tree heads; nil if there are none.
func (c *TransparencyLogConfig) key(registryID string) (ed25519.PublicKey, error) {
	if c.PublicKey != "" {
		key, err := tlog.ParsePublicKey(c.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("`transparency_log::public_key` is %q: %w", c.PublicKey, err)
		}
		return key, nil
	}
	if !c.TreeHead.HasValue() {
		return nil, nil
	}
	key, err := tlog.ParsePublicKey(registryID)
	if err != nil {
		return nil, fmt.Errorf("`transparency_log::public_key` is required with `tree_head`, because `registry_id` %q is not a public key: use `ed25519_pub` of GET /.well-known/oversight-registry", registryID)
	}
	return key, nil
}
