// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/pagecommands"
)

const (
	// pageDatabase and pageLog are the registry of README.md and docs/operate.md.
	pageDatabase = "/var/lib/oversight/registry.sqlite"
	pageLog      = "/var/lib/oversight/tlog"
	// rotatedToken is the token that comes after hecToken.
	rotatedToken = "00000000-1111-2222-3333-555555555555"
	// pageOwner is the user that runs the registry.
	pageOwner = "registry"
)

// An operator copies every block of README.md and docs/operate.md that needs root, from
// the installation to the removal of the package. The events of the registry arrive all
// the way. The other blocks run in TestCommandsOfPages.
func TestRootCommandsOfPages(t *testing.T) {
	m := newMachine(t)
	o := &operator{machine: m, splunk: m.serveSplunk(hecAddress, hecToken, rotatedToken)}
	o.prepare()

	o.runPage("README.md", nil)
	o.splunk.await(t, 5, m)

	o.runPage("docs/operate.md", map[string]func(){
		// Only the page's ACL lets the service read the registry.
		"setfacl -m": func() {
			m.run("chmod", "--recursive", "o=", filepath.Dir(pageDatabase))
			m.fails("runuser", "-u", "otelcol-oversight", "--", "cat", pageDatabase)
		},
		// The token was rotated. The registry has made new files since the ACL was set,
		// with an umask that leaves nothing for others.
		"systemctl stop otelcol-oversight": func() {
			o.splunk.revoke(hecToken)
			o.addEvents(3)
			o.splunk.await(t, 8, m)
		},
		// After upgrade, roll back, and restore.
		"systemctl disable": func() { o.addEvents(2); o.splunk.await(t, 10, m) },
	})
	assert.Empty(t, m.run("find", "/etc", "/var/lib", "/var/log", "/usr", "-xdev", "-name", "*otelcol*", "-not", "-path", "/var/lib/dpkg/*"))
	assert.NotContains(t, m.run("getfacl", "--absolute-names", pageDatabase, filepath.Dir(pageDatabase), pageLog), "otelcol")
}

// operator works on a machine as root.
type operator struct {
	*machine
	splunk *splunk
}

// prepare makes what the pages take for granted: the registry of another user, the
// downloaded package with its checksum, and the token.
func (o *operator) prepare() {
	o.t.Helper()
	o.write("/etc/apt/apt.conf.d/yes", `APT::Get::Assume-Yes "true";`)

	generator, err := filepath.Abs(filepath.Join(checkout, "bin", "oversightgen"))
	require.NoError(o.t, err)
	run(o.t, "install", generator, o.path("/usr/bin/oversightgen"))
	o.run("useradd", "--system", "--user-group", pageOwner)
	o.run("install", "-d", "-o", pageOwner, "-g", pageOwner, filepath.Dir(pageDatabase))
	o.shell("runuser -u "+pageOwner+" -- oversightgen --count 5 --db "+pageDatabase+" --tlog "+pageLog, "")

	name := "otelcol-oversight_" + version(o.t) + "_linux_amd64.deb" // as the pages name it
	run(o.t, "cp", released(o.t, ".deb"), o.path("/root/"+name))
	o.shell("sha256sum "+name+" > SHA256SUMS", "")
	o.write("/root/token", hecToken+"\n")
}

// runPage runs the blocks of a page that need root, in their order, in the home directory
// of root. Before commands that begin with one of the keys, it calls a function.
func (o *operator) runPage(page string, before map[string]func()) {
	o.t.Helper()
	blocks, err := pagecommands.Read(filepath.Join(checkout, page))
	require.NoError(o.t, err)
	ran := 0
	for _, block := range blocks {
		if !block.Root {
			continue
		}
		ran++
		for prefix, call := range before {
			if strings.HasPrefix(block.Title(), prefix) {
				call()
				delete(before, prefix)
			}
		}
		o.runBlock(block)
	}
	assert.NotZero(o.t, ran, page)
	assert.Empty(o.t, before, "no block begins so any more")
}

// runBlock runs the commands of a block in one shell, as a terminal has it, with the next
// token as what is typed. Health is asked for until it is good.
func (o *operator) runBlock(block pagecommands.Block) {
	o.t.Helper()
	var script strings.Builder
	for _, command := range block.Commands {
		text := strings.ReplaceAll(command.Text, "https://splunk.example.org:8088", "http://"+hecAddress)
		if strings.HasPrefix(text, "oversight-siem health") {
			text = "until " + strings.TrimSpace(text) + "; do sleep 0.2; done\n"
		}
		script.WriteString(text)
	}
	printed := o.shell(script.String(), rotatedToken+"\n")
	for _, command := range block.Commands {
		assert.Contains(o.t, printed, command.Output, command.Text)
	}
}

// shell runs commands, all of which have to succeed within waitTimeout.
func (o *operator) shell(commands, stdin string) string {
	o.t.Helper()
	shell := o.command("timeout", fmt.Sprint(waitTimeout.Seconds()), "bash", "-eu", "-c", "cd /root\n"+commands)
	shell.Stdin = strings.NewReader(stdin)
	printed, err := shell.CombinedOutput()
	require.NoError(o.t, err, "%s\n%s\n%s", commands, printed, o.journal())
	return string(printed)
}

// addEvents lets the registry write more events, and a file of its own beside them.
func (o *operator) addEvents(count int) {
	o.t.Helper()
	o.shell(fmt.Sprintf("umask 077; runuser -u %s -- oversightgen --count %d --db %s --tlog %s", pageOwner, count, pageDatabase, pageLog), "")
}

// write writes a file of the machine.
func (o *operator) write(name, text string) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(o.path(name), []byte(text), 0o600))
}
