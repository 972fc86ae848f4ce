#!/usr/bin/env bash
# What subjects cost in memory, in a redis-server of its own and in the embedded store, filled through POST /check/batch.
# Prints the tables of "How much it takes" in docs/operations.md. Needs redis-server, jq and curl; takes some minutes.
#
#   bench/memory.sh [SERVICE]     SERVICE: a built RateLimiter.Api.dll; without it, one is built
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do
    kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  pids=()
}
trap 'stop; rm -rf "$folder"' EXIT

service=${1:-}
if [ -z "$service" ]; then
  dotnet build -c Release -v q src/RateLimiter.Api >&2
  service=src/RateLimiter.Api/bin/Release/net10.0/RateLimiter.Api.dll
fi
service=$(realpath "$service")

fail() {
  echo "$*" >&2
  exit 1
}

start_redis() {
  mkdir "$folder/redis"
  until [ "$(redis info server 2>/dev/null | tr -d '\r' | sed -n 's/^process_id://p')" = "${pids[0]:-none}" ]; do
    if ! kill -0 "${pids[0]:-0}" 2>/dev/null || [ ${#pids[@]} = 0 ]; then
      port=$((20000 + RANDOM % 10000))
      redis-server --bind 127.0.0.1 --port $port --dir "$folder/redis" --save '' >"$folder/redis.log" &
      pids=($!)
    fi
    sleep 0.1
  done
}

redis() { redis-cli -p "${port:-1}" "$@"; }

# start_service NAME=VALUE…
start_service() {
  local log=$folder/service.log
  mkdir -p "$folder/service"
  (cd "$folder/service" && exec env Registration__PermitLimit=1000000 Quotas__AdministrativeCallsPerSecond=0 Store__TimeoutMs=10000 "$@" \
    dotnet "$service" --urls http://127.0.0.1:0) >"$log" 2>&1 &
  pids+=($!)
  server=$!
  address=
  until [ -n "$address" ]; do
    kill -0 $server || fail "$(cat "$log")"
    address=$(sed -n 's/.*listens on \(http[^ ]*\).*/\1/p' "$log")
    sleep 0.1
  done
}

post() { curl -sSf --json "$2" -H "X-API-Key: ${key:-}" "$address$1"; }

register() { key=$(post /register '{"name":"Memory"}' | jq -r .api_key); }

# bodies COUNT: batches of 1000 users each, whose names have 20 characters.
bodies() {
  mkdir "$folder/bodies"
  awk -v count="$1" -v folder="$folder/bodies" 'BEGIN {
    for (i = 0; i < count; i++) {
      file = folder "/" i
      printf "{\"checks\":[" >file
      for (user = 0; user < 1000; user++)
        printf "%s{\"user_id\":\"user-%015d\",\"route_key\":\"r\"}", (user ? "," : ""), i * 1000 + user >file
      printf "]}" >file
      close(file)
    }
  }'
}

# check FIRST LAST TIMES: checks the users of these batches that many times. On a busy machine a few may get no
# response.
check() {
  local allowed expected=$((($2 - $1) * 1000 * $3))
  allowed=$(for ((time = 0; time < $3; time++)); do seq "$1" $(($2 - 1)); done \
    | xargs -P 2 -I{} curl -sS -H "X-API-Key: $key" -H 'Content-Type: application/json' \
      --data-binary "@$folder/bodies/{}" "$address/check/batch" | grep -o '"allowed":true' | wc -l)
  ((allowed * 1000 >= expected * 999)) || fail "Only $allowed of $expected checks were allowed."
}

# Without the buffers of connections, which do not depend on the number of subjects.
used() {
  redis info memory | tr -d '\r' \
    | awk -F: '$1 == "used_memory" { all = $2 } $1 == "mem_clients_normal" { buffers = $2 } END { print all - buffers }'
}

resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$server/status"; }

# measure NAME BATCHES TIMES LIMITS: a row for a policy.
measure() {
  redis flushall >/dev/null
  register
  post /policy "{\"route_key\":\"r\",$4}" >/dev/null
  # The log of the client is filled before, and does not grow any more.
  check 1000 1001 1
  sleep 1
  local before after
  before=$(used)
  check 0 "$2" "$3"
  sleep 1
  after=$(used)
  echo "| $1 | $(((after - before) / ($2 * 1000))) |"
}

window='"window_seconds":31536000'
limit="\"limit\":1000,$window"
first="{\"name\":\"a\",$limit,\"algorithm\":\"fixed_window\"}"
second="{\"name\":\"b\",$limit,\"algorithm\":\"sliding_window\"}"
third="{\"name\":\"c\",$limit,\"algorithm\":\"token_bucket\"}"

bodies 1001
start_redis
start_service REDIS_HOST=127.0.0.1 REDIS_PORT=$port

echo "| one subject | bytes in Redis |"
echo "|---|---:|"
for algorithm in fixed_window sliding_window token_bucket; do
  measure "\`$algorithm\`" 100 1 "$limit,\"algorithm\":\"$algorithm\""
done
measure '`leaky_bucket`' 100 1 "$limit,\"algorithm\":\"leaky_bucket\",\"burst\":10"
log="\"limit\":10000,$window,\"algorithm\":\"sliding_log\""
measure '`sliding_log`, 1 permit in use' 100 1 "$log"
measure '`sliding_log`, 10 permits in use' 20 10 "$log"
measure '`sliding_log`, 100 permits in use' 5 100 "$log"
measure '`sliding_log`, 1,000 permits in use' 1 1000 "$log"
measure 'a policy of two: `fixed_window`, `sliding_window`' 100 1 "\"limits\":[$first,$second]"
measure 'a policy of three: the same and `token_bucket`' 100 1 "\"limits\":[$first,$second,$third]"

lines=$(redis llen "$(redis keys 'rl:*:log')")
bytes=$(redis memory usage "$(redis keys 'rl:*:log')" samples 0)
redis flushall >/dev/null
key=
clients=1000
before=$(used)
for ((i = 0; i < clients; i++)); do
  ((i == 0)) || echo next
  printf 'url = "%s/register"\njson = "{\\"name\\":\\"Client number %06d\\"}"\n' "$address" $i
done >"$folder/register"
curl -sSf -K "$folder/register" | jq -r .api_key >"$folder/keys"
without=$(used)
while read -r key; do
  [ ! -s "$folder/policies" ] || echo next
  printf 'url = "%s/policy"\nheader = "X-API-Key: %s"\njson = "{\\"route_key\\":\\"search\\",\\"limit\\":100,\\"window_seconds\\":60}"\n' \
    "$address" "$key"
done <"$folder/keys" >"$folder/policies"
curl -sSf -K "$folder/policies" >/dev/null
after=$(used)
echo "| a client with one key | $(((without - before) / clients)) |"
echo "| a policy | $(((after - without) / clients)) |"
echo "| a log of $lines lines | $bytes |"
stop

start_service Embedded__DataDirectory="$folder/data"
register
post /policy "{\"route_key\":\"r\",$limit}" >/dev/null
check 1000 1001 1
sleep 5
before=$(resident)
echo
echo "| the service with the embedded store | resident, MB | bytes for each subject |"
echo "|---|---:|---:|"
echo "| no subjects | $((before / 1000000)) | |"
check 0 100 1
sleep 5
after=$(resident)
echo "| 100,000 subjects | $((after / 1000000)) | $(((after - before) / 100000)) |"
check 100 1000 1
sleep 5
after=$(resident)
echo "| 1,000,000 subjects | $((after / 1000000)) | $(((after - before) / 1000000)) |"
