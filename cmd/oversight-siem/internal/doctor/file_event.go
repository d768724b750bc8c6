// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/newfile"
)

// checkFileEvent writes a test line to a file of its own beside the exporter's. The
// exporter writes a new file at its own position and not at the end, so that it would
// overwrite a line that somebody else appended.
// Source: timberjack v1.4.2, openNew in timberjack.go, as fileexporter v0.152.0 uses it.
func (e *exporter) checkFileEvent(context.Context) []finding {
	var settings struct {
		Path string `mapstructure:"path"`
	}
	if found := e.read(&settings); found != nil {
		return found
	}
	extension := filepath.Ext(settings.Path)
	path := strings.TrimSuffix(settings.Path, extension) + ".doctor-test" + extension
	line, err := json.Marshal(map[string]string{"time": testTime(), "message": testMark})
	if err == nil {
		err = writeLine(path, line)
	}
	if err != nil {
		return failed("see file.directory", "no test line was written to %s: %v", path, plain(err))
	}
	return passed("a test line was written to %s, which is not the exporter's own file; look for \"%s\" where files of this directory are sent to, then remove the file", path, testMark)
}

// writeLine writes a new file in place of one that is there, which it does not open: in
// the directory of a service, root must neither follow a link nor wait for a pipe.
func writeLine(path string, line []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return newfile.Write(newfile.Settings{Path: path, Mode: 0o600}, func(w io.Writer) error {
		_, err := w.Write(append(line, '\n'))
		return err
	})
}
