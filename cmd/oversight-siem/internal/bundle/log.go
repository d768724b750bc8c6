// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

const (
	// serviceName is the unit of the packages.
	serviceName = "otelcol-oversight"
	// maxLines bounds the log.
	maxLines = 2000
)

// eventsInLog matches settings with which the log has events, or parts of them.
var eventsInLog = regexp.MustCompile(`\bdebug\b|\blog_(request_body|response_body|failed_docs_input)["']?\s*:\s*["']?true`)

// addLog adds the last lines of the collector's log.
func (j *job) addLog(ctx context.Context) {
	const name, what = "collector.log", "the last lines of the collector's log"
	if reason := j.eventsInLog(); reason != "" {
		j.absent(name, what, "%s", reason)
		return
	}
	var lines string
	var err error
	if j.LogFile != "" {
		lines, err = readLog(j.LogFile)
	} else {
		lines, err = j.output(ctx, "journalctl", "--unit="+serviceName, "--lines="+strconv.Itoa(maxLines), "--output=short-iso", "--no-pager", "--quiet")
		switch {
		case errors.Is(err, exec.ErrNotFound):
			err = errors.New("there is no journalctl; pass --log-file")
		case err == nil && strings.TrimSpace(lines) == "":
			err = fmt.Errorf("the journal has no line of %s that this user can read: run as root or in the group systemd-journal, or pass --log-file", serviceName)
		}
	}
	j.addOrAbsent(name, what, lastPart(lastLines(lines, maxLines), maxLog), err)
}

// eventsInLog says why the log may have events; empty if it does not.
func (j *job) eventsInLog() string {
	if len(j.texts) < len(j.Doctor.Config) {
		return "not every configuration could be read as a file, so that the log may have events in it"
	}
	for _, text := range j.texts {
		for line := range strings.Lines(text) {
			setting, _, _ := strings.Cut(line, " #")
			if found := eventsInLog.FindString(setting); found != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				return fmt.Sprintf("the configuration has %q, with which the log may have events in it", found)
			}
		}
	}
	return ""
}

// readLog is the end of a log file.
func readLog(path string) (string, error) {
	file, err := cli.OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if _, err := file.Seek(max(0, info.Size()-maxLog), io.SeekStart); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxLog))
	if info.Size() > maxLog { // starts within a line
		_, rest, _ := strings.Cut(string(text), "\n")
		return rest, err
	}
	return string(text), err
}

// lastLines are the last n lines of a text.
func lastLines(text string, n int) string {
	end := len(text)
	if strings.HasSuffix(text, "\n") {
		end--
	}
	for ; n > 0; n-- {
		end = strings.LastIndexByte(text[:end], '\n')
		if end < 0 {
			return text
		}
	}
	return text[end+1:]
}
