// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Indexed is the key of a row's list of indexed fields that are not a part of the event, or are
// beside it.
const Indexed = " indexed"

func (f allOf) matches(env *Environment, row Row) (bool, error) {
	for _, each := range f {
		if ok, err := each.matches(env, row); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (f anyOf) matches(env *Environment, row Row) (bool, error) {
	for _, each := range f {
		if ok, err := each.matches(env, row); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (f not) matches(env *Environment, row Row) (bool, error) {
	ok, err := f.of.matches(env, row)
	return !ok, err
}

// matches finds a word of the event, in upper or lower case.
func (f keyword) matches(_ *Environment, row Row) (bool, error) {
	raw, isText := row["_raw"].(string)
	if !isText {
		return false, nil
	}
	pattern := `(?i)(?:^|[^a-z0-9_])` + strings.ReplaceAll(regexp.QuoteMeta(f.text), `\*`, `[^\s"]*`) + `(?:$|[^a-z0-9_])`
	p, err := compile(pattern)
	return err == nil && p.MatchString(raw), err
}

var timeModifiers = map[string]bool{"earliest": true, "latest": true, "_index_earliest": true, "_index_latest": true}

func (f comparison) matches(env *Environment, row Row) (bool, error) {
	if timeModifiers[f.field] {
		return f.inTime(env, row)
	}
	values := Texts(row[f.field])
	if env.FindsIndexed != nil && !findable(env, row, f.field) {
		values = nil
	}
	if len(values) == 0 {
		return false, nil // also for !=
	}
	if f.operator == "!=" {
		return !slices.ContainsFunc(values, func(v string) bool { return wildcard(f.values[0], v) }), nil
	}
	for _, v := range values {
		for _, wanted := range f.values {
			if f.operator == "=" && wildcard(wanted, v) {
				return true, nil
			}
			if c, err := compare(v, wanted); f.operator != "=" && err == nil && holds(f.operator, c) {
				return true, nil
			}
		}
	}
	return false, nil
}

// findable reports whether Splunk finds field=value: for a field that fields.conf calls indexed, if
// it is; for others, if it is a part of the event.
func findable(env *Environment, row Row, name string) bool {
	beside, _ := row[Indexed].([]string)
	sourcetype := text(row["sourcetype"])
	isBeside := slices.Contains(beside, name)
	if env.FindsIndexed(sourcetype, name) {
		return isBeside
	}
	if !isBeside || strings.HasPrefix(name, "_") {
		return true
	}
	raw, _ := row["_raw"].(string)
	return strings.Contains(raw, `"`+name+`":`)
}

func (f comparison) inTime(env *Environment, row Row) (bool, error) {
	limit, err := RelativeTime(env.Now, f.values[0])
	if err != nil || f.operator != "=" {
		return false, fmt.Errorf("%s%s%s: %w", f.field, f.operator, f.values[0], err)
	}
	of := "_time"
	if strings.HasPrefix(f.field, "_index") {
		of = "_indextime"
	}
	at, _ := number(row[of])
	if strings.HasSuffix(f.field, "earliest") {
		return at >= seconds(limit), nil
	}
	return at < seconds(limit), nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
