// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "errors"

// commands are those that are known.
var commands map[string]func(rest string) (command, error)

func init() {
	commands = map[string]func(string) (command, error){
		"search": parseSearch, "where": parseWhere, "eval": parseEval, "stats": parseStats, "streamstats": parseStreamStats,
		"eventstats": parseEventStats, "tstats": parseTStats, "dedup": parseDedup, "sort": parseSort, "bin": parseBin,
		"lookup": parseLookup, "inputlookup": parseInputLookup, "iplocation": parseLocation, "rename": parseRename,
		"convert": parseConvert, "table": parseTable, "fields": parseFields, "head": parseHead, "fillnull": parseFillNull,
		"timechart": parseTimeChart, "geostats": parseGeoStats,
	}
}

var errNotRun = errors.New("is not run here")
