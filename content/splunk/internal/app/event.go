// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// defaultIndex is where the app's macro looks for events.
const defaultIndex = "leaks"

// Row returns what Splunk knows of an event that came through the HTTP Event Collector: its metadata,
// its indexed fields, those that are extracted from it, and those that props.conf calculates.
func (a *App) Row(event []byte, arrived time.Time) (spl.Row, error) {
	row, err := Received(event)
	if err != nil {
		return nil, err
	}
	row["_indextime"] = float64(arrived.Unix())
	return row, a.search(row)
}

// Received returns what the indexer writes of an event: its metadata and its indexed fields.
func Received(event []byte) (spl.Row, error) {
	var hec struct {
		Time                            json.Number
		Host, Source, SourceType, Index string
		Event                           json.RawMessage
		Fields                          map[string]string
	}
	if err := json.Unmarshal(event, &hec); err != nil {
		return nil, err
	}
	at, err := hec.Time.Float64()
	if err != nil {
		return nil, err
	}
	row := spl.Row{
		"_time": at, "_raw": string(hec.Event), "host": hec.Host, "source": hec.Source, "sourcetype": hec.SourceType, "index": defaultIndex,
	}
	if hec.Index != "" {
		row["index"] = hec.Index
	}
	indexed := make([]string, 0, len(hec.Fields))
	for name, value := range hec.Fields {
		row[name] = value
		indexed = append(indexed, name)
	}
	slices.Sort(indexed)
	row[spl.Indexed] = indexed
	return row, nil
}

// search adds what Splunk knows at search time.
func (a *App) search(row spl.Row) error {
	stanza := a.Props.Stanza(row["sourcetype"].(string))
	if stanza == nil {
		return nil
	}
	if stanza.Get("KV_MODE") == "json" {
		for _, each := range extract(row["_raw"].(string)) {
			row[each.name] = spl.Multi(append(spl.Texts(row[each.name]), each.value))
		}
	}
	calculated := spl.Row{} // all read what was there before
	for _, key := range stanza.Keys {
		name, is := strings.CutPrefix(key, "EVAL-")
		if !is {
			continue
		}
		expression, err := spl.ParseExpression(stanza.Get(key))
		if err != nil {
			return fmt.Errorf("[%s] %s: %w", stanza.Name, key, err)
		}
		if calculated[name], err = expression.Value(row); err != nil {
			return fmt.Errorf("[%s] %s: %w", stanza.Name, key, err)
		}
	}
	for name, value := range calculated {
		if value == nil {
			delete(row, name)
		} else {
			row[name] = value
		}
	}
	return nil
}

type extracted struct{ name, value string }

// cutoff is where automatic extraction stops (limits.conf, [spath] extraction_cutoff).
const cutoff = 5000

// extract returns the fields of an event that are within the first 5,000 bytes: those of an object
// as a.b, those of a list as a{}.
func extract(raw string) []extracted {
	decoder := json.NewDecoder(bytes.NewReader([]byte(raw)))
	decoder.UseNumber()
	var all []extracted
	_ = walk(decoder, "", func(name, value string) error {
		if decoder.InputOffset() > cutoff {
			return io.EOF
		}
		all = append(all, extracted{name, value})
		return nil
	})
	return all
}

func walk(decoder *json.Decoder, name string, found func(name, value string) error) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	delimiter, isDelimiter := token.(json.Delim)
	switch {
	case !isDelimiter && token == nil:
		return nil
	case !isDelimiter:
		return found(name, fmt.Sprint(token))
	}
	for decoder.More() {
		member := name + "{}"
		if delimiter == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			if member = key.(string); name != "" {
				member = name + "." + member
			}
		}
		if err := walk(decoder, member, found); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

// Environment is what a search of the app runs in: the events, the lookups, and the places of
// addresses.
func (a *App) Environment(now time.Time, events []spl.Row, places []detections.Place) *spl.Environment {
	return &spl.Environment{
		Now: now, Events: events, FindsIndexed: a.FindsIndexed,
		Lookup: func(name string) *spl.Lookup { return a.Lookups[name] },
		Locate: func(address netip.Addr) spl.Row { return locate(address, places) },
	}
}

func locate(address netip.Addr, places []detections.Place) spl.Row {
	for _, place := range places {
		if prefix, err := netip.ParsePrefix(place.Network); err == nil && prefix.Contains(address) {
			return spl.Row{"City": place.City, "Country": place.Country, "lat": place.Latitude, "lon": place.Longitude}
		}
	}
	return nil
}

// EventTags returns the event types of an event, and their tags.
func (a *App) EventTags(row spl.Row) (eventTypes, tags []string, err error) {
	env := a.Environment(time.Time{}, nil, nil)
	for i := range a.EventTypes.Stanzas {
		stanza := &a.EventTypes.Stanzas[i]
		filter, err := spl.ParseFilter(stanza.Get("search"))
		if err != nil {
			return nil, nil, fmt.Errorf("[%s]: %w", stanza.Name, err)
		}
		matches, err := filter.Matches(env, row)
		if err != nil {
			return nil, nil, err
		}
		if !matches {
			continue
		}
		eventTypes = append(eventTypes, stanza.Name)
		if t := a.Tags.Stanza("eventtype=" + stanza.Name); t != nil {
			for _, tag := range t.Keys {
				if t.Get(tag) == "enabled" {
					tags = append(tags, tag)
				}
			}
		}
	}
	return eventTypes, tags, nil
}

// Search parses the saved search with a name, or any search, after its macros are expanded.
func (a *App) Search(query string) (*spl.Search, error) {
	expanded, err := a.Expand(query)
	if err != nil {
		return nil, err
	}
	return spl.Parse(expanded)
}

// Run runs a saved search over the events that are within its time range.
func (a *App) Run(name string, env *spl.Environment) ([]spl.Row, error) {
	stanza := a.SavedSearches.Stanza(name)
	if stanza == nil {
		return nil, errors.New("there is no saved search " + name)
	}
	search, err := a.Search(stanza.Get("search"))
	if err != nil {
		return nil, err
	}
	from, err := spl.RelativeTime(env.Now, stanza.Get("dispatch.earliest_time"))
	if err != nil {
		return nil, err
	}
	to, err := spl.RelativeTime(env.Now, stanza.Get("dispatch.latest_time"))
	if err != nil {
		return nil, err
	}
	within := *env
	within.Events = slices.DeleteFunc(slices.Clone(env.Events), func(row spl.Row) bool {
		at := row["_time"].(float64)
		return at < float64(from.Unix()) || at >= float64(to.Unix())
	})
	return search.Run(&within)
}
