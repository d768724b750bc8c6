// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// addVersions adds the versions of both programs and of the system.
func (j *job) addVersions(ctx context.Context) {
	var out strings.Builder
	fmt.Fprintf(&out, "oversight-siem %s\n", j.Version)
	fmt.Fprintf(&out, "collector: %s\n", j.collectorVersion(ctx))
	fmt.Fprintf(&out, "%s/%s, %d CPUs, user id %d\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), os.Getuid())
	for _, path := range []string{"/proc/sys/kernel/osrelease", "/etc/os-release"} {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintf(&out, "%s: %v\n", path, err)
			continue
		}
		fmt.Fprintf(&out, "%s:\n%s\n", path, firstPart(strings.TrimSpace(string(text)), 4096))
	}
	j.add("versions.txt", "versions of the programs and the system", out.String())
	const what = "how oversight-siem was built"
	if info, ok := debug.ReadBuildInfo(); ok {
		j.add("build-info.txt", what, info.String())
	} else {
		j.absent("build-info.txt", what, "the program has none")
	}
}

func (j *job) collectorVersion(ctx context.Context) string {
	program := cmp.Or(j.Doctor.Collector, "otelcol-oversight")
	output, err := j.output(ctx, program, "--version")
	if err != nil {
		return fmt.Sprintf("%s: %v", program, err)
	}
	return strings.TrimSpace(firstPart(output, 4096))
}

// output is what a program prints. It is ended after the timeout.
func (j *job) output(ctx context.Context, program string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, j.Doctor.Timeout)
	defer cancel()
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // the user names the program
	command.WaitDelay = time.Second
	output, err := command.Output()
	if ctx.Err() != nil {
		err = fmt.Errorf("no result within %s", j.Doctor.Timeout)
	}
	return string(output), err
}
