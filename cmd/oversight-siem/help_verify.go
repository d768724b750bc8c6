// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

const verifyLong = `Checks a registry's two records of every beacon callback against each other, the
rows of its database and the leaves of its transparency log, without asking the
registry anything (but for its signed head, with --head URL):

  every row     names a leaf; that leaf is a beacon's, is claimed by no other row,
                and agrees with the row in everything that it holds
  every leaf    can be read, hashes to what its line says, is at its place and, if
                it is a beacon's, has a row
  the head      is signed by the registry's key, and its root is that of the log
                at its size. Without --head, somebody who can write to the database
                and the log can make up both

The registry may go on writing meanwhile. Memory stays small however many rows
there are: two bits a leaf.

OUTPUT

A summary, and after it the findings, up to 1000 of them, one a line: their kind,
what they are about, and a sentence. A last line that is incomplete is mentioned
and is no finding: the registry may be writing it.

With --json, an object a line: first the findings, as they are found, and last
{"summary": {...}}. If that is missing, the check did not come to its end.
Findings have the names of the attributes of the collector's records, without
"oversight.":

  integrity_kind, message, registry_id, event_uid, event_id, row_uid, tlog_index,
  tlog_last_index, tlog_status, tlog_mismatch, tlog_size, tlog_root,
  tlog_expected_root, tlog_signature

each of them only where it tells something. The kinds are

  row_mismatch            a row that the log does not bear out. tlog_status says why:
                          mismatch (tlog_mismatch names the fields), duplicate, or
                          missing (it names no leaf, or none that there is)
  leaf_without_row        a beacon's leaf that no row is of: the row was deleted, or
                          the registry was ended before it wrote it
  leaf_corrupt            a leaf that cannot be read, hashes to something else, or is
                          not at its place
  log_rewritten           the log was changed while it was read
  head_signature_invalid  the head is not signed by the registry's key
  head_inconsistent       the log has another root at the head's size, or fewer leaves

If an operator prunes old rows, give --pruned: leaves older than the oldest row
are counted then, and are no findings.

THE KEY

Nothing is proved by a key that comes from where the head comes from. Take it
from who registered with the registry when it was set up, or from an earlier copy
of ed25519_pub of its /.well-known/oversight-registry. Without a key the head is
compared with the log all the same; its signature is not checked, and the exit
status is 2.

EXIT STATUS

  0    everything was checked, and nothing was found
  1    there are findings
  2    not everything could be checked, and nothing was found: a file cannot be
       read, there is no head to be had or no key to check it with, a flag is wrong
  130  interrupted (Ctrl-C)
  141  standard output was closed by what reads it`

const verifyExample = `  # Against the head that the registry publishes, with a key from elsewhere
  oversight-siem verify --db registry.sqlite --tlog ./tlog \
      --head https://registry.example.org --public-key 056872fe…

  # Copies of the files, on another machine; the registry's id is its key
  oversight-siem verify --db registry.sqlite --tlog leaves.jsonl --head signed-head.json --registry-id 056872fe…

  # The rows that differ from their leaves
  oversight-siem verify --db registry.sqlite --tlog ./tlog --json | jq 'select(.tlog_status == "mismatch") | .event_id'`
