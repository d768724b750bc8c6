// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "strconv"

// Unnamed is the name of an attribute whose name is empty, which destinations refuse.
const Unnamed = "unnamed"

// UniqueName returns a name, or if it is taken the first of name_2, name_3 and so on
// that is not, so that no value is lost.
func UniqueName(name string, taken func(string) bool) string {
	unique := name
	for n := 2; taken(unique); n++ {
		unique = name + "_" + strconv.Itoa(n)
	}
	return unique
}
