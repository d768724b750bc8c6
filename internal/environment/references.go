// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package environment

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// configFiles returns the paths of the configuration files on a command line. A
// provider is not told which file it resolves.
func configFiles(arguments []string) (paths []string) {
	for i, argument := range arguments {
		name, value, hasValue := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if name != "config" || !strings.HasPrefix(argument, "-") {
			continue
		}
		if !hasValue && i+1 < len(arguments) {
			value = arguments[i+1]
		}
		paths = append(paths, strings.TrimPrefix(value, "file:"))
	}
	return paths
}

// reference is the first use in a file of a variable without a default.
type reference struct{ variable, place string }

// referencePattern is ${env:NAME} or ${NAME}. $$ is a dollar sign.
var referencePattern = regexp.MustCompile(`(\$*)\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}`)

// commentPattern is a comment. What it takes from a quoted text that contains " #" is
// missing in an error's list, and nowhere else.
var commentPattern = regexp.MustCompile(`(^|\s)#.*`)

// references returns the variables without a default that the files use, in the files'
// order, with the place of each as FILE:LINE. A value of --config that is no file has
// none.
func references(files []string) (found []reference) {
	seen := map[string]bool{}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			continue // a pipe was read already, and would be waited for
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, match := range referencePattern.FindAllStringSubmatch(commentPattern.ReplaceAllString(line, ""), -1) {
				if len(match[1])%2 == 0 && !seen[match[2]] {
					seen[match[2]] = true
					found = append(found, reference{match[2], fmt.Sprintf("%s:%d", file, i+1)})
				}
			}
		}
	}
	return found
}
