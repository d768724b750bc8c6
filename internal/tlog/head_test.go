// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// sampleHead is the signed head of the sample log, and its registry's key.
func sampleHead(t testing.TB) ([]byte, ed25519.PublicKey) {
	t.Helper()
	head, err := os.ReadFile("../../testdata/signed-head.json")
	require.NoError(t, err)
	data, err := os.ReadFile("../../testdata/well-known.json")
	require.NoError(t, err)
	var identity struct {
		Key string `json:"ed25519_pub"`
	}
	require.NoError(t, json.Unmarshal(data, &identity))
	key, err := tlog.ParsePublicKey(identity.Key)
	require.NoError(t, err)
	return head, key
}

func TestSampleHead(t *testing.T) {
	data, key := sampleHead(t)
	head, err := tlog.ParseHead(data)
	require.NoError(t, err)
	assert.Equal(t, int64(625), head.Size)
	assert.Equal(t, "669156303c95dc4fd8d55884f2ac0ed9a483d77d7cc48cf433af96187c84992c", head.Root.String())
	require.NoError(t, head.Verify(key))

	another := head
	another.Size++
	require.ErrorIs(t, another.Verify(key), tlog.ErrSignature)
	another = head
	another.Root[0]++
	require.ErrorIs(t, another.Verify(key), tlog.ErrSignature)
	another = head
	another.Signature[0]++
	require.ErrorIs(t, another.Verify(key), tlog.ErrSignature)
	require.ErrorIs(t, head.Verify(key[1:]), tlog.ErrSignature)
}

func TestAnotherSignedMessage(t *testing.T) {
	data, _ := sampleHead(t)
	for _, change := range []string{`\"size\":624`, `\"size\": 625`} {
		head, err := tlog.ParseHead([]byte(strings.Replace(string(data), `\"size\":625`, change, 1)))
		require.ErrorIs(t, err, tlog.ErrSignature)
		assert.Equal(t, int64(625), head.Size, "for the finding")
		assert.NotZero(t, head.Signature)
	}
}

func TestHeadSyntaxErrors(t *testing.T) {
	good, _ := sampleHead(t)
	for name, change := range map[string][2]string{
		"error page":         {string(good), "<html>"},
		"nothing":            {string(good), ""},
		"array":              {string(good), "[]"},
		"cut off":            {"}", ""},
		"cut off early":      {string(good)[20:], ""},
		"something behind":   {`625}"}`, `625}"} x`},
		"key in upper case":  {`{"size"`, `{"Size"`},
		"repeated key":       {`{"size"`, `{"size": 625, "size"`},
		"escaped and again":  {`{"size"`, `{"\u0073ize": 625, "size"`},
		"repeated other key": {`{"size"`, `{"x": 1, "x": 1, "size"`},
		"repeated inside":    {`{"size"`, `{"x": {"y": 1, "y": 1}, "size"`},
		"broken other key":   {`{"size"`, `{"x": tru, "size"`},
		"missing key":        {`"size": 625, `, ""},
		"size in quotes":     {"625,", `"625",`},
		"negative size":      {"625,", "-625,"},
		"size is a fraction": {"625,", "625.0,"},
		"root too short":     {`"root": "66`, `"root": "`},
		"root in upper case": {"84992c\"", "84992C\""},
		"root is null":       {`"root": "669156303c95dc4fd8d55884f2ac0ed9a483d77d7cc48cf433af96187c84992c"`, `"root": null`},
		"signature":          {`"signature": "8c`, `"signature": "8`},
		"message":            {`"signed_message": "`, `"signed_message": 1, "x": "`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(string(good), change[0], change[1], 1)
			if name == "cut off" {
				text = strings.TrimSpace(text)
				text = text[:len(text)-1]
			}
			require.NotEqual(t, string(good), text)
			head, err := tlog.ParseHead([]byte(text))
			var syntax *tlog.HeadSyntaxError
			require.ErrorAs(t, err, &syntax)
			require.NotErrorIs(t, err, tlog.ErrSignature)
			assert.Equal(t, tlog.Head{}, head)
		})
	}
}

// A registry without an identity serves heads without the keys of the signature.
func TestUnsignedHead(t *testing.T) {
	root := strings.Repeat("ab", 32)
	for _, rest := range []string{
		``, `,"signature":null`, `,"signature":""`, `,"signature":"","signed_message":""`, `,"signature":null,"signed_message":null`,
	} {
		head, err := tlog.ParseHead([]byte(`{"size":7,"root":"` + root + `"` + rest + `}`))
		require.ErrorIs(t, err, tlog.ErrUnsigned, rest)
		require.NotErrorIs(t, err, tlog.ErrSignature)
		assert.Equal(t, int64(7), head.Size)
		assert.Equal(t, root, head.Root.String())
	}
	var syntax *tlog.HeadSyntaxError
	for _, text := range []string{
		`{"size":7}`, `{"root":"` + root + `"}`, `{"size":7,"root":"ab"}`, `{"size":7,"root":"` + root + `","signature":0}`,
		`{"size":7,"root":"` + root + `","signature":"` + root + root + `"}`,
	} {
		_, err := tlog.ParseHead([]byte(text))
		require.ErrorAs(t, err, &syntax, text)
	}
}

// A newer registry may add keys.
func TestHeadWithOtherKeys(t *testing.T) {
	data, key := sampleHead(t)
	want, err := tlog.ParseHead(data)
	require.NoError(t, err)
	for _, more := range []string{
		`"timestamp": "2026-11-23T02:52:29Z"`, `"sizes": 1`, `"Size": 1`, `"": null`,
		`"witnesses": [{"size": 1, "root": "x", "signature": ""}], "origin": "a.example"`,
	} {
		for _, text := range []string{
			strings.Replace(string(data), "{", "{"+more+", ", 1),
			strings.Replace(string(data), `, "signature"`, ", "+more+`, "signature"`, 1),
			strings.TrimSuffix(strings.TrimSpace(string(data)), "}") + ", " + more + "}",
		} {
			require.NotEqual(t, string(data), text)
			head, err := tlog.ParseHead([]byte(text))
			require.NoError(t, err, text)
			assert.Equal(t, want, head)
			require.NoError(t, head.Verify(key))
		}
	}
}

func TestHeadInAnotherOrder(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	head := tlog.Head{Size: 0, Root: hashOf("any")}
	signature := ed25519.Sign(private, head.Message())
	text := fmt.Sprintf("\n{\"signed_message\":%q,\"signature\":%q,\"root\":%q,\"size\":0}\n", head.Message(), hex.EncodeToString(signature), head.Root)
	parsed, err := tlog.ParseHead([]byte(text))
	require.NoError(t, err)
	require.NoError(t, parsed.Verify(public))
}

func TestPublicKeys(t *testing.T) {
	for _, text := range []string{"", "ab", strings.Repeat("AB", 32), strings.Repeat("ab", 33), strings.Repeat("zz", 32)} {
		_, err := tlog.ParsePublicKey(text)
		require.ErrorContains(t, err, "64 lower-case hex digits", text)
	}
}
