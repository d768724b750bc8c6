// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// holderOf is the process that has a file locked, or open where the list of locks does
// not say: it has other numbers for the devices of some file systems, such as Btrfs.
func holderOf(path string) *holder {
	info, err := os.Stat(path)
	if err != nil {
		return &holder{}
	}
	pid := lockedBy(info)
	if pid == "" {
		pid = openIn(info)
	}
	if pid == "" {
		return &holder{}
	}
	process := filepath.Join("/proc", pid)
	h := &holder{pid: pid, root: filepath.Join(process, "root")}
	if line, err := os.ReadFile(filepath.Join(process, "cmdline")); err == nil && len(line) > 0 {
		h.arguments = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	}
	if directory, err := os.Readlink(filepath.Join(process, "cwd")); err == nil {
		h.directory = directory
	}
	return h
}

// lockedBy is the process that holds a lock of a file; see proc_locks(5). A process in
// another container has no number here.
func lockedBy(info os.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	locks, err := os.ReadFile("/proc/locks")
	if err != nil || !ok {
		return ""
	}
	id := fmt.Sprintf("%02x:%02x:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev), stat.Ino)
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line) // one that waits for the lock has "->" in the second
		if len(fields) > 5 && fields[5] == id && strings.Trim(fields[4], "-0") != "" {
			return fields[4]
		}
	}
	return ""
}

// openIn is a process of this user, or any for root, that has a file open.
func openIn(info os.FileInfo) string {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		pid := strings.Split(link, "/")[2]
		if open, err := os.Stat(link); err == nil && os.SameFile(open, info) && pid != fmt.Sprint(os.Getpid()) {
			return pid
		}
	}
	return ""
}
