// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"fmt"
	"strings"
)

// serviceFile is where the packages' service reads its environment.
const serviceFile = "/etc/otelcol-oversight/otelcol-oversight.conf"

// missingError says which variable has no value, where it is used, and which others of
// the same files have none either: an operator sets all of them at once.
func missingError(name string, files []string) error {
	place, others := Place(name, files), []string{}
	for _, used := range references(files) {
		if used.variable != name && isMissing(used.variable) {
			others = append(others, fmt.Sprintf("%s (%s)", used.variable, used.place))
		}
	}
	advice := fmt.Sprintf("export it, or set it in the service's environment file (in packages %s)", serviceFile)
	if len(others) > 0 {
		advice += "; these are not set either: " + strings.Join(others, ", ")
	}
	return fmt.Errorf("environment variable %s is not set or empty, and %s uses it: %s", name, place, advice)
}

// Place returns FILE:LINE of the first use of a variable without a default, and "the
// configuration" where none of the files has one.
func Place(name string, files []string) string {
	for _, used := range references(files) {
		if used.variable == name {
			return used.place
		}
	}
	return "the configuration"
}
