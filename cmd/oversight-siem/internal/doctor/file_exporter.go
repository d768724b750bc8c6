// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"os"
	"path/filepath"
)

// checkFile checks that the exporter can write its file.
func (e *exporter) checkFile(context.Context) []finding {
	var file struct {
		Path            string `mapstructure:"path"`
		CreateDirectory bool   `mapstructure:"create_directory"`
	}
	if found := e.read(&file); found != nil {
		return found
	}
	var found []finding
	if !filepath.IsAbs(file.Path) {
		found = warning("make `"+e.key()+"::path` an absolute path: a service starts from /", "the path %s is relative", file.Path)
	}
	found = append(found, checkWritable(filepath.Dir(file.Path), file.CreateDirectory, e.key()+"::path")...)
	if info, err := os.Stat(file.Path); err == nil {
		if !info.Mode().IsRegular() {
			return append(found, failed("set `"+e.key()+"::path` to the path of a file", "%s is %s, not a regular file", file.Path, kindOf(info.Mode()))...)
		}
		found = append(found, checkWritableFile(file.Path)...)
	}
	if len(found) == 0 {
		return passed("%s can be written", file.Path)
	}
	return found
}
