// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a configuration file without secrets.
type document struct {
	text string
	// hidden are the values that the text does not show.
	hidden hiddenValues
	// shown are variables that stand at places whose values are shown; others stand
	// at places whose values are not.
	shown, notShown map[string]bool
	// whole is false for a file that is not valid YAML, of which only keys are shown.
	whole bool
}

// redactConfig removes secrets from a configuration file. Comments and the order of keys
// stay.
func redactConfig(text string) *document {
	d := &document{shown: map[string]bool{}, notShown: map[string]bool{}, whole: true}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			d.clean(&node, nil)
			err = encoder.Encode(&node)
		}
		if err != nil {
			return redactLines(text)
		}
	}
	d.text = out.String()
	return d
}

// clean removes what may not be shown from a node and those below it.
func (d *document) clean(node *yaml.Node, path []string) {
	node.HeadComment, node.LineComment, node.FootComment = d.hidden.cleanComment(node.HeadComment), d.hidden.cleanComment(node.LineComment), d.hidden.cleanComment(node.FootComment)
	switch node.Kind {
	case yaml.MappingNode:
		d.cleanMapping(node, path)
	case yaml.ScalarNode:
		d.cleanScalar(node, path)
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, inner := range node.Content {
			d.clean(inner, path)
		}
	case yaml.AliasNode: // what it stands for is cleaned where it is
	}
}

func (d *document) cleanMapping(node *yaml.Node, path []string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		inner := append(slices.Clone(path), key.Value)
		key.HeadComment, key.LineComment, key.FootComment = d.hidden.cleanComment(key.HeadComment), d.hidden.cleanComment(key.LineComment), d.hidden.cleanComment(key.FootComment)
		if key.Kind != yaml.ScalarNode {
			d.clean(key, append(slices.Clone(path), mask))
		} else if !shown(inner) && keyLooksSecret(key.Value) {
			d.hidden.add("key", key.Value)
			key.Value, key.Style, key.Tag = mask, 0, ""
		}
		d.clean(value, inner)
	}
}

func (d *document) cleanScalar(node *yaml.Node, path []string) {
	if node.Tag == "!!bool" || node.Tag == "!!null" || isHarmless(node.Value) {
		return
	}
	value := node.Value
	isShown := shown(path)
	d.noteReferences(value, isShown)
	if isShown {
		node.Value = cleanValue(value)
		d.hidden.addURL(value)
	} else {
		node.Value = maskValue(value)
		d.hidden.add(lastKey(path), value)
	}
	if node.Value != value {
		node.Style, node.Tag = 0, "!!str"
	}
}

// noteReferences notes which variables may be shown.
func (d *document) noteReferences(value string, isShown bool) {
	for _, match := range referencePattern.FindAllStringSubmatch(value, -1) {
		switch {
		case match[1] == "file" && !isShown:
			d.hidden.addFile(match[2])
		case match[1] == "file":
		case isShown:
			d.shown[match[2]] = true
		default:
			d.notShown[match[2]] = true
		}
	}
}

// lastKey is the key that says most about a value: its own, or the one above it that is
// for secrets, such as headers.
func lastKey(path []string) string {
	if len(path) == 0 {
		return ""
	}
	last := path[len(path)-1]
	if identityName.MatchString(last) && !slices.Contains(path, "headers") {
		return last
	}
	for i, key := range path {
		if secretName.MatchString(key) && !isID(path, i) {
			return key
		}
	}
	return last
}
