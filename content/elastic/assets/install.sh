#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Installs what Elasticsearch and Kibana need for Oversight's documents, without Fleet. You can
# run it again: it updates what it installed, and does not change rules that exist.
set -u

usage() {
	cat <<'END'
usage: ELASTIC_API_KEY=… install.sh [options] ELASTICSEARCH_URL

  --kibana-url URL   also install dashboards and rules into this Kibana. For a space other
                     than the default one, add /s/SPACE to the URL
  --serverless       for Elastic Cloud Serverless, which has no index lifecycle management
  --no-rules         install no detection rules
  --cacert FILE      the certificate of the authority that signed the servers' certificates
  --dry-run          only print what would be done. Needs no API key

The API key needs the cluster privileges manage_index_templates, manage_ingest_pipelines and
monitor, the index privileges view_index_metadata and monitor for logs-oversight.*, and in
Kibana the privileges All for Saved Objects Management and for Rules in Security.
END
}

kibana='' serverless=false rules=true cacert='' dry=false elasticsearch=''
while [ $# -gt 0 ]; do
	case $1 in
	--kibana-url | --cacert)
		if [ $# -lt 2 ]; then
			echo "install.sh: $1 needs a value" >&2
			exit 2
		fi
		if [ "$1" = --cacert ]; then cacert=$2; else kibana=${2%/}; fi
		shift
		;;
	--serverless) serverless=true ;;
	--no-rules) rules=false ;;
	--dry-run) dry=true ;;
	-h | --help)
		usage
		exit 0
		;;
	-*)
		echo "install.sh: unknown option $1" >&2
		usage >&2
		exit 2
		;;
	*)
		if [ -n "$elasticsearch" ]; then
			echo "install.sh: more than one Elasticsearch URL" >&2
			exit 2
		fi
		elasticsearch=${1%/}
		;;
	esac
	shift
done
if [ -z "$elasticsearch" ]; then
	usage >&2
	exit 2
fi

here=$(cd "$(dirname "$0")" && pwd) || exit 1

fail() { # MESSAGE…
	printf 'FAILED\n' >&2
	for line in "$@"; do printf '  %s\n' "$line" >&2; done
	exit 1
}

if ! $dry; then
	case ${ELASTIC_API_KEY:-} in
	'') fail 'Set ELASTIC_API_KEY to the `encoded` form of an API key.' ;;
	*[!A-Za-z0-9+/=_-]*) fail 'ELASTIC_API_KEY is no API key. Set it to the value of `encoded` in the answer that created the key.' ;;
	esac
	command -v curl >/dev/null || fail 'curl is not installed.'
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
fi

# request METHOD URL [CURL OPTION…] sets $status and $work/answer. The key goes to curl by
# its standard input: other users can read command lines.
request() {
	method=$1 url=$2
	shift 2
	if [ -n "$cacert" ]; then set -- --cacert "$cacert" "$@"; fi
	status=$(printf 'header = "Authorization: ApiKey %s"\n' "$ELASTIC_API_KEY" |
		curl --config - --silent --show-error --max-time 120 --request "$method" --output "$work/answer" \
			--write-out '%{http_code}' "$@" "$url" 2>"$work/error")
	code=$?
	[ -e "$work/answer" ] || : >"$work/answer"
	case $code in
	0) return ;;
	6) hint='The name of the server cannot be resolved: check the URL.' ;;
	7) hint='Nothing accepts connections there: check the host, the port and firewalls.' ;;
	28) hint='No answer within two minutes. Run this again.' ;;
	35) hint='The TLS handshake failed: check whether the server uses https on this port.' ;;
	58 | 60 | 77) hint='The certificate is not trusted: name the authority with --cacert. Elasticsearch has its own in config/certs/http_ca.crt.' ;;
	*) hint='See the message from curl above.' ;;
	esac
	fail "$(cat "$work/error")" "$hint"
}

# explain PRIVILEGE fails with the server's answer and what to do about it.
explain() {
	case $status in
	401) hint='The API key is wrong, expired or from another deployment. Set ELASTIC_API_KEY to the value of `encoded` of a new key.' ;;
	403) hint="The API key lacks privileges. It needs $1." ;;
	404) hint='The server does not know that path: check the URL, and that the URLs of Elasticsearch and Kibana are not swapped.' ;;
	429 | 5??) hint='The server is busy or not ready. Run this again.' ;;
	*) hint='This needs Elasticsearch 8.19, or 9.1 or later, and on Serverless the option --serverless.' ;;
	esac
	fail "$url answered $status: $(head -c 1000 "$work/answer")" "$hint"
}

# put NAME PATH FILE
put() {
	printf '%s … ' "$1"
	if $dry; then
		printf 'would PUT %s/%s\n' "$elasticsearch" "$2"
		return
	fi
	request PUT "$elasticsearch/$2" --header 'Content-Type: application/json' --data-binary "@$here/$3"
	[ "$status" = 200 ] || explain "the cluster privileges manage_index_templates and manage_ingest_pipelines"
	echo done
}

printf 'Elasticsearch at %s … ' "$elasticsearch"
if $dry; then
	echo 'not contacted'
else
	request GET "$elasticsearch/"
	[ "$status" = 200 ] || explain 'the cluster privilege monitor'
	flavor=$(sed -n 's/.*"build_flavor" *: *"\([^"]*\)".*/\1/p' "$work/answer" | head -n 1)
	version=$(sed -n 's/.*"number" *: *"\([^"]*\)".*/\1/p' "$work/answer" | head -n 1)
	if [ "$flavor" = serverless ]; then
		$serverless || fail 'This is Elastic Cloud Serverless: add the option --serverless.'
		echo serverless
	else
		if $serverless; then fail "This is version $version and not Serverless: leave out the option --serverless."; fi
		case $version in
		8.19.* | 9.[1-9]* | [1-9][0-9].*) echo "$version" ;;
		*) fail "The version is \"$version\". This needs 8.19 or 9.1 or later." 'For OpenSearch, see docs/opensearch.md.' ;;
		esac
	fi

	printf 'Templates of the integration package … '
	request GET "$elasticsearch/_index_template/logs-oversight.beacon"
	case $status in
	404) echo none ;;
	200)
		if grep -q '"managed_by" *: *"fleet"' "$work/answer"; then
			fail 'The integration package with the same templates is installed in Fleet.' \
				'Use the package, or uninstall it in Kibana (Integrations > Oversight > Settings) and run this script again.'
		fi
		echo none
		;;
	*) explain 'the cluster privilege manage_index_templates' ;;
	esac
fi

settings=oversight@settings
if $serverless; then settings=oversight@settings.serverless; fi
put 'Ingest pipeline' _ingest/pipeline/oversight@pipeline ingest_pipeline/oversight@pipeline.json
put 'Component template of the fields' _component_template/oversight@mappings component_template/oversight@mappings.json
put 'Component template of the settings' _component_template/oversight@settings "component_template/$settings.json"
for dataset in beacon integrity checkpoint; do
	put "Index template of logs-oversight.$dataset" "_index_template/logs-oversight.$dataset" "index_template/logs-oversight.$dataset.json"
done

if ! $dry; then
	request GET "$elasticsearch/_data_stream/logs-oversight.*"
	if [ "$status" = 200 ]; then
		grep -o '"name" *: *"logs-oversight\.[^"]*"' "$work/answer" | sed 's/.*"\(logs-oversight[^"]*\)"/\1/' | while read -r stream; do
			echo "The data stream $stream exists. To apply the new settings to it, run in Dev Tools > Console:"
			echo "  POST $stream/_rollover"
			echo "  PUT _data_stream/$stream/_lifecycle"
			echo '  {"data_retention": "365d"}'
			echo "  PUT _data_stream/$stream/_options"
			echo '  {"failure_store": {"enabled": true}}'
		done
	fi
fi

# import NAME PATH FILE
import() {
	printf '%s … ' "$1"
	if $dry; then
		printf 'would POST %s/%s\n' "$kibana" "$2"
		return
	fi
	request POST "$kibana/$2" --header 'kbn-xsrf: true' --form "file=@$here/$3;type=application/ndjson;filename=$3"
	[ "$status" = 200 ] || explain 'All for Saved Objects Management and for Rules in Security, in this space of Kibana'
}

if [ -z "$kibana" ]; then
	echo 'Dashboards and rules … left out: add --kibana-url'
	exit 0
fi
import 'Data view and dashboards' 'api/saved_objects/_import?overwrite=true' dashboards.ndjson
if ! $dry; then
	grep -q '"success" *: *true' "$work/answer" || fail "Kibana answered: $(head -c 1000 "$work/answer")" 'Kibana must have the same version as Elasticsearch.'
	echo done
fi
if ! $rules; then
	echo 'Rules … left out'
	exit 0
fi
import 'Detection rules' 'api/detection_engine/rules/_import?overwrite=false' rules.ndjson
if ! $dry; then
	# A rule that exists is a conflict, 409. Users may have changed it, so it stays.
	if grep -o '"status_code" *: *[0-9]*' "$work/answer" | grep -qv '409$'; then
		fail "Kibana answered: $(head -c 1000 "$work/answer")" 'Import rules.ndjson in Security > Rules > Import rules, which shows what is wrong with each rule.'
	fi
	echo "done: $(sed -n 's/.*"rules_count" *: *\([0-9]*\).*/\1/p' "$work/answer") rules, of which $(grep -o '"status_code" *: *409' "$work/answer" | wc -l | tr -d ' ') existed and were not changed"
	echo 'New rules are disabled. Enable them in Security > Rules > Detection rules (SIEM).'
fi
