// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// addPipelines adds the ingest pipeline, for each data stream of the package and as
// JSON.
func addPipelines(dir string, files fileSet) error {
	path := filepath.Join(dir, "pipeline.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	expandAliases(&document)
	var pipeline object
	if err := document.Decode(&pipeline); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	pipeline["_meta"] = meta("From pipeline.yml.")
	if err := files.addJSON("assets/ingest_pipeline/"+pipelineName+".json", pipeline); err != nil {
		return err
	}
	var buffer bytes.Buffer
	buffer.WriteString("---\n# Generated from pipeline.yml. DO NOT EDIT.\n")
	encoder := yaml.NewEncoder(&buffer)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	for _, dataset := range datasets {
		files["package/oversight/data_stream/"+dataset+"/elasticsearch/ingest_pipeline/default.yml"] = buffer.Bytes()
	}
	return nil
}

// expandAliases replaces aliases with what they stand for: Elasticsearch's parser of
// YAML does not know them.
func expandAliases(node *yaml.Node) {
	if node.Kind == yaml.AliasNode {
		*node = *copyOf(node.Alias)
	}
	node.Anchor = ""
	for _, child := range node.Content {
		expandAliases(child)
	}
}

func copyOf(node *yaml.Node) *yaml.Node {
	result := *node
	result.Content = make([]*yaml.Node, len(node.Content))
	for i, child := range node.Content {
		result.Content[i] = copyOf(child)
	}
	return &result
}
