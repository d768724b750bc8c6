// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// geo maps the attributes that the processor geoip adds, and those of the
// OpenTelemetry semantic conventions, to fields of source.geo.
var geo = []struct {
	field string
	names []string // the first that is there counts
}{
	{"city_name", []string{"geo.city_name", "geo.locality.name"}},
	{"continent_code", []string{"geo.continent_code", "geo.continent.code"}},
	{"continent_name", []string{"geo.continent_name"}},
	{"country_iso_code", []string{"geo.country_iso_code", "geo.country.iso_code"}},
	{"country_name", []string{"geo.country_name"}},
	{"postal_code", []string{"geo.postal_code"}},
	{"region_iso_code", []string{"geo.region_iso_code", "geo.region.iso_code"}},
	{"region_name", []string{"geo.region_name"}},
	{"timezone", []string{"geo.timezone"}},
}

// The two halves of source.geo.location.
const (
	latitude  = "geo.location.lat"
	longitude = "geo.location.lon"
)

// isPlace tells the attributes that place writes.
var isPlace = func() map[string]bool {
	known := map[string]bool{latitude: true, longitude: true}
	for _, g := range geo {
		for _, name := range g.names {
			known[name] = true
		}
	}
	return known
}()

// place writes source.geo.
func place(w shape.Writer, added translator.ExtraAttributes) {
	w.Begin("geo")
	for _, g := range geo {
		for _, name := range g.names {
			if value, ok := added.Get(name); ok {
				w.AttributeText(g.field, value)
				break
			}
		}
	}
	lat, hasLat := added.Get(latitude)
	lon, hasLon := added.Get(longitude)
	if hasLat && hasLon { // a geo_point takes no half
		w.Begin("location")
		w.Attribute("lat", lat)
		w.Attribute("lon", lon)
		w.End()
	}
	w.End()
}

// addedLabels writes what a pipeline added and ECS has no known place for. The
// names of labels have no dots, which Elasticsearch would take for objects.
// Taken are the names that are in use already.
func addedLabels(w shape.Writer, added translator.ExtraAttributes, taken map[string]bool) {
	for name, value := range added.All() {
		label := strings.ReplaceAll(name, ".", "_")
		if isPlace[name] || taken[label] {
			continue
		}
		taken[label] = true
		w.AttributeText(label, value)
	}
}
