// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elasticrules

import "path/filepath"

// Where the generated files are, below the root of the checkout. AssetDir holds nothing
// else.
var (
	AssetDir   = filepath.Join("content", "elastic", "package", "oversight", "kibana", "security_rule")
	importFile = filepath.Join("content", "elastic", "assets", "rules.ndjson")
)

// Files returns the generated files of all rules by their names below the root of the
// checkout: an asset for each rule, and one file to import.
func Files(rules []Rule) (map[string][]byte, error) {
	files := map[string][]byte{}
	var lines []byte
	for i := range rules {
		asset, err := rules[i].asset()
		if err != nil {
			return nil, err
		}
		line, err := rules[i].line()
		if err != nil {
			return nil, err
		}
		files[filepath.Join(AssetDir, rules[i].assetID()+".json")] = asset
		lines = append(lines, line...)
	}
	files[importFile] = lines
	return files, nil
}
