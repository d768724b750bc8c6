// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

const proveLong = `Writes a proof that a leaf is in the transparency log: to the signed head that
--head gives, or else to the log as it stands, which nobody has signed. It is
verified before it is written. The registry's GET /tlog/proof/{index} serves
inclusion proofs too; this needs only the log's file.

The proof is a JSON object. All hashes are SHA-256, in hex:

  leaf_index   the leaf's index, which is tlog_index of its row
  tree_size    how many leaves the tree has
  leaf_hash    SHA-256(0x00 || leaf)
  audit_path   the hashes of the audit path, from the leaf upwards (RFC 6962, 2.1.1)
  root_hash    the root of the tree
  leaf         the leaf: canonical JSON
  signed_head  the head: size, root, signature, signed_message; null if there is none

TO VERIFY IT

Any implementation of RFC 6962 (or RFC 9162, 2.1.3.2) does, for example
VerifyInclusion of github.com/transparency-dev/merkle/proof. By hand:

  import hashlib, json, sys
  sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
  p = json.load(sys.stdin)
  at, last = p["leaf_index"], p["tree_size"] - 1
  node = sha(b"\x00", p["leaf"].encode())
  for sibling in map(bytes.fromhex, p["audit_path"]):
      if at % 2 == 1 or at == last:
          node = sha(b"\x01", sibling, node)
          while at % 2 == 0 and at > 0: at, last = at // 2, last // 2
      else:
          node = sha(b"\x01", node, sibling)
      at, last = at // 2, last // 2
  assert last == 0 and node.hex() == p["root_hash"]

What remains is that root_hash and tree_size are those of signed_head, that
signed_message holds the same, and that signature is the registry's, by Ed25519,
over signed_message.

EXIT STATUS

  0    the proof was written
  1    nothing was written: the leaf is corrupt, the log is not the head's, or the
       key has not signed the head
  2    nothing was written: a file cannot be read, there is no such leaf, ...
  130  interrupted (Ctrl-C)
  141  standard output was closed by what reads it`

const proveExample = `  # That row 42, whose tlog_index is 67, was in the log when the registry signed it
  oversight-siem prove --tlog ./tlog --index 67 --head signed-head.json --public-key 056872fe… --output leaf-67.json

  # To the head that the registry publishes now
  oversight-siem prove --tlog ./tlog --index 67 --head https://registry.example.org`
