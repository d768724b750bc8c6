// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Dashboards returns the searches of the dashboards of an app, by view and data source. A search that
// extends another one follows it, and a token of an input stands for one word.
func Dashboards(directory string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(directory, "default/data/ui/views/*.xml"))
	if err != nil {
		return nil, err
	}
	queries := map[string]string{}
	for _, file := range files {
		if err := readView(file, queries); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return queries, nil
}

type viewSource struct {
	Options struct{ Query, Extend string }
}

func readView(file string, queries map[string]string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var view struct {
		Definition string `xml:"definition"`
	}
	if err := xml.Unmarshal(text, &view); err != nil {
		return err
	}
	var definition struct{ DataSources map[string]viewSource }
	if err := json.Unmarshal([]byte(view.Definition), &definition); err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(file), ".xml")
	for id, source := range definition.DataSources {
		query := source.Options.Query
		for depth := 0; source.Options.Extend != "" && depth < 10; depth++ {
			base, ok := definition.DataSources[source.Options.Extend]
			if !ok {
				return fmt.Errorf("%s extends %s, which is not there", id, source.Options.Extend)
			}
			query = base.Options.Query + "\n| " + strings.TrimPrefix(strings.TrimSpace(query), "|")
			source = base
		}
		queries[name+"/"+id] = withoutTokens(query)
	}
	return nil
}

var quotedToken, plainToken = regexp.MustCompile(`\$[A-Za-z_.]+\|s\$`), regexp.MustCompile(`\$[A-Za-z_.]+\$`)

func withoutTokens(query string) string {
	return plainToken.ReplaceAllString(quotedToken.ReplaceAllString(query, `"token"`), "token")
}
