// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/base64"
	"os"
	"strings"
)

// elasticSettings are the settings of an elasticsearch exporter that are checked.
type elasticSettings struct {
	Endpoint  string   `mapstructure:"endpoint"`
	Endpoints []string `mapstructure:"endpoints"`
	CloudID   string   `mapstructure:"cloudid"`
	APIKey    string   `mapstructure:"api_key"`
	User      string   `mapstructure:"user"`
	Password  string   `mapstructure:"password"`
}

// elasticVariable has the addresses where no setting has them.
const elasticVariable = "ELASTICSEARCH_URL"

// addresses are those of the nodes, and the setting that has them.
// Source: elasticsearchexporter v0.152.0, endpoints in config.go.
func (s *elasticSettings) addresses() (setting string, all []string) {
	switch {
	case len(s.Endpoints) > 0:
		return "endpoints", s.Endpoints
	case s.Endpoint != "":
		return "endpoint", []string{s.Endpoint}
	case s.CloudID != "":
		return "cloudid", []string{cloudURL(s.CloudID)}
	}
	for address := range strings.SplitSeq(os.Getenv(elasticVariable), ",") {
		all = append(all, strings.TrimSpace(address))
	}
	return "endpoints", all
}

// cloudURL is the address in an id of Elastic Cloud, "name:" and host$node in Base64;
// empty for none.
func cloudURL(id string) string {
	_, encoded, _ := strings.Cut(id, ":")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	parts := strings.Split(string(decoded), "$")
	if err != nil || len(parts) < 2 {
		return ""
	}
	return "https://" + parts[1] + "." + parts[0]
}
