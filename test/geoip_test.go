// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"
)

// writeGeoIP writes a City database that knows the documentation networks of
// RFC 5737, which the samples use.
func writeGeoIP(t testing.TB) (path string) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	require.NoError(t, err)
	for network, country := range map[string][2]mmdbtype.String{
		"198.51.100.0/24": {"DE", "Germany"},
		"203.0.113.0/24":  {"JP", "Japan"},
	} {
		_, ipnet, err := net.ParseCIDR(network)
		require.NoError(t, err)
		require.NoError(t, tree.Insert(ipnet, mmdbtype.Map{
			"country":  mmdbtype.Map{"iso_code": country[0], "names": mmdbtype.Map{"en": country[1]}},
			"location": mmdbtype.Map{"latitude": mmdbtype.Float64(52.5), "longitude": mmdbtype.Float64(13.25)},
		}))
	}
	path = filepath.Join(t.TempDir(), "city.mmdb")
	file, err := os.Create(path)
	require.NoError(t, err)
	_, err = tree.WriteTo(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return path
}
