// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package pagecommands reads the commands of a page of documentation, so that tests
// run what users copy.
package pagecommands

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Command is what a user copies and runs at once.
type Command struct {
	// Text is the command without its prompt. It can have several lines.
	Text string
	// Output is what the page shows below the command, or nothing.
	Output string
}

// Block is a fenced block of commands.
type Block struct {
	// Root says that the commands need root: their prompt is "#".
	Root bool
	// Commands are in the order of the block. A block without prompts (sh) is one
	// command.
	Commands []Command
}

// Title is the first line of the block's first command, by which lists name it.
func (b Block) Title() string {
	title, _, _ := strings.Cut(b.Commands[0].Text, "\n")
	return title
}

var fenced = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// data are the languages of blocks that have no commands.
var data = []string{"yaml", "json", "text"}

// Read returns the blocks of commands of a page. A block in a language that it does not
// know is an error, since nobody would notice that it is not run.
func Read(path string) ([]Block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(string(text))
}

func parse(page string) ([]Block, error) {
	found := fenced.FindAllStringSubmatch(page, -1)
	if fences := strings.Count(page, "```"); fences != 2*len(found) {
		return nil, fmt.Errorf("%d fences, and %d blocks: a block begins in column 1, and names its language", fences, len(found))
	}
	var blocks []Block
	for _, match := range found {
		language, text := match[1], match[2]
		switch {
		case slices.Contains(data, language):
		case language == "sh":
			blocks = append(blocks, Block{Commands: []Command{{Text: text}}})
		case language == "console":
			block, err := console(text)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, block)
		default:
			return nil, fmt.Errorf("a block in the language %q, which is none of sh, console, %s:\n%s", language, strings.Join(data, ", "), text)
		}
	}
	return blocks, nil
}

// console reads a block in which each command has the prompt "# " or "$ ". A command goes
// on after a line that ends with a backslash; other lines are output.
func console(text string) (Block, error) {
	prompt := text[:min(2, len(text))]
	if prompt != "# " && prompt != "$ " {
		return Block{}, fmt.Errorf("a block that does not begin with a prompt:\n%s", text)
	}
	block := Block{Root: prompt == "# "}
	goesOn := false
	for line := range strings.Lines(text) {
		command, isCommand := strings.CutPrefix(line, prompt)
		last := len(block.Commands) - 1
		switch {
		case goesOn:
			block.Commands[last].Text += line
		case isCommand:
			block.Commands = append(block.Commands, Command{Text: command})
		default:
			block.Commands[last].Output += line
			continue
		}
		goesOn = strings.HasSuffix(line, "\\\n")
	}
	return block, nil
}
