// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package configuration

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	// variablePattern is ${env:NAME} or ${env:NAME:-default}.
	variablePattern = regexp.MustCompile(`\$\{env:(\w+)(:-[^}]*)?\}`)
	// entryPattern is a key with a value in one line.
	entryPattern = regexp.MustCompile(`^(\s*(?:- )?[\w./-]+: )(.*\$\{env:.*)$`)
	// optionPattern is an option that the configuration shows in a comment.
	optionPattern = regexp.MustCompile(`^(\s*)# ((?:  )*)(tls|ca_file|cert_file|key_file|proxy_url):(.*)$`)
	// secretPattern is the comment that shows a secret from a file, and its key.
	secretPattern = regexp.MustCompile(`(?m)^ *# From a file: .*\n( *\w+: )\$\{env:(\w+)\}$`)
)

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// insertValues replaces variables that have a value.
func insertValues(text string, values map[string]string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if entry := entryPattern.FindStringSubmatch(line); entry != nil && !isComment(line) {
			lines[i] = entry[1] + insertInto(entry[2], values)
		}
	}
	return strings.Join(lines, "\n")
}

// insertInto replaces the variables in a YAML value, which is quoted afterwards.
func insertInto(value string, values map[string]string) string {
	changed, plain := false, false
	inserted := variablePattern.ReplaceAllStringFunc(value, func(reference string) string {
		name := variablePattern.FindStringSubmatch(reference)[1]
		answer, ok := values[name]
		if !ok {
			return reference
		}
		changed, plain = true, isPlain(name)
		return escape(answer)
	})
	if !changed || plain || strings.ContainsAny(value[:1], `["`) {
		return inserted
	}
	return `"` + inserted + `"`
}

// isPlain reports whether the value of a variable is a number or true or false, which
// quotes would make a text.
func isPlain(variable string) bool {
	return strings.HasSuffix(variable, "_PORT") || strings.HasSuffix(variable, "_INSECURE")
}

// escape returns a text as it stands between double quotes in YAML, and with no
// reference that the collector would replace.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `$$`).Replace(text)
}

// insertSecret takes the secret from a file.
func (a *Answers) insertSecret(d destination, text string) (string, error) {
	if a.SecretFile == "" {
		return text, nil
	}
	if d.secret == "" {
		return "", fmt.Errorf("--secret-file does not apply to --for %s: remove it", d.name)
	}
	if strings.ContainsAny(a.SecretFile, "{}$\"\\#\n") {
		return "", fmt.Errorf("--secret-file is %q: must not contain any of { } $ \" \\ #", a.SecretFile)
	}
	return secretPattern.ReplaceAllStringFunc(text, func(entry string) string {
		parts := secretPattern.FindStringSubmatch(entry)
		if parts[2] != d.secret {
			return entry
		}
		return parts[1] + "${file:" + a.SecretFile + "}"
	}), nil
}

// insertOptions uncomments the options for TLS and the proxy that have an answer.
func (a *Answers) insertOptions(d destination, text string) (string, error) {
	options := map[string]string{"ca_file": a.CAFile, "cert_file": a.CertFile, "key_file": a.KeyFile, "proxy_url": a.Proxy}
	withTLS := a.CAFile != "" || a.CertFile != ""
	found := map[string]bool{}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		match := optionPattern.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		key, answer := match[3], options[match[3]]
		switch {
		case key == "tls" && withTLS:
			lines[i] = match[1] + match[2] + "tls:"
		case answer != "":
			lines[i] = match[1] + match[2] + key + `: "` + escape(answer) + `"`
			found[key] = true
		}
	}
	for key, flag := range map[string]string{"ca_file": "--ca-file", "cert_file": "--client-cert-file", "key_file": "--client-key-file", "proxy_url": "--proxy"} {
		if options[key] != "" && !found[key] {
			return "", fmt.Errorf("%s does not apply to --for %s: remove it%s", flag, d.name, optionAdvice(d, key))
		}
	}
	return strings.Join(lines, "\n"), nil
}

// optionAdvice says what to do where a configuration has no key for an option.
func optionAdvice(d destination, key string) string {
	if key == "proxy_url" && d.name == "otlp" {
		return ", and set HTTPS_PROXY for the collector"
	}
	return ""
}
