// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import "context"

// Resolve returns the collector's configuration with the values of its variables and
// files in it, secrets included. What a variable or a file lacks is nil there.
func Resolve(ctx context.Context, settings Settings) (map[string]any, error) {
	if err := settings.loadEnvFile(); err != nil {
		return nil, err
	}
	config, err := loadConfig(ctx, settings.Config)
	if err != nil {
		return nil, err
	}
	return config.conf.ToStringMap(), nil
}
