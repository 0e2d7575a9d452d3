#!/usr/bin/env bash
# Tests the image $IMAGE with containers of $ENGINE, and prints `N passed, N failed` last: a single
# node, then a StatefulSet of three on a network of its own, with the host names, resolv.conf and DNS
# that Kubernetes would give them. Called by scripts/image, with a directory that it may fill and
# removes.
set -euo pipefail

prefix=galera-peers-test-$$
network=$prefix
work=$1
passed=0 failed=0

main() {
  exec 3>&1 # a trap runs with the output of the check that it interrupts
  trap finish EXIT
  trap 'exit 130' INT TERM
  mkdir "$work/secrets" "$work/dns"
  password=$(head -c 15 /dev/urandom | base64)
  echo "$password" >"$work/secrets/root-password"
  printf '[client]\nuser=root\npassword="%s"\n' "$password" >"$work/secrets/client.cnf"
  chmod 755 "$work" "$work"/*
  chmod 644 "$work/secrets"/*

  the_image
  a_single_node
  a_statefulset
}

the_image() {
  heading "The image"
  check "runs as a user other than root, told by its number" \
    same "$("$ENGINE" image inspect -f '{{.Config.User}}' "$IMAGE")" 999
  check "has an empty datadir" same "" "$(inside ls -A /var/lib/mysql)"
  check "has nothing that anybody may write, but for temporary files" \
    same "" "$(inside find / -xdev ! -type l -perm -o+w ! -path '/tmp*' ! -path '/var/tmp*' \
      ! -path '/dev*' ! -path '/proc*' ! -path '/run/lock*' 2>/dev/null)"
  check "answers as galera-peers" matches '^[0-9]+\.[0-9]+\.[0-9]+$' "$(program galera-peers --version)"
  check "answers as peer-finder" matches '^Incomplete args' "$(program peer-finder -service galera)"
  check "answers as configure-galera" matches 'galera\.cnf' "$(program configure-galera --help)"
  local state
  state=$(inside sh -c 'ulimit -S -n; ulimit -H -n; grep SigIgn /proc/$$/status; env')
  check "runs another command with the limits of the runtime" matches $'^4096\n8192\n' "$state"
  check "runs another command with no signal ignored" matches 'SigIgn:[[:space:]]0{16}' "$state"
  check "leaves no variable of ours behind" not matches GALERA_PEERS "$state"
}

# Without Kubernetes; then the same data under a bare mariadbd: what differs would be our traces.
a_single_node() {
  heading "A single node, as any user of group 0"
  local node=$prefix-single bare=$prefix-bare volume=$prefix-data any=(--user 1000730000:0)
  start "$node" "${any[@]}" --network none -v "$volume:/var/lib/mysql" -e "MARIADB_ROOT_PASSWORD=$password"
  must "initialises and starts" within 30 answers "$node"
  process_state "$node" >"$work/ours"
  no_secrets "$node"
  ends_cleanly "$node"
  start "$bare" "${any[@]}" --network none -v "$volume:/var/lib/mysql" --entrypoint mariadbd
  must "the same data starts with mariadbd alone" within 30 answers "$bare"
  process_state "$bare" >"$work/bare"
  check "is the process that mariadbd alone would be" diff "$work/bare" "$work/ours"
  "$ENGINE" rm -f -v "$node" "$bare" >/dev/null
}

a_statefulset() {
  heading "Three members, one after the other"
  create_network
  start "$prefix-dns" --network "$network" --ip "$subnet.53" \
    --sysctl net.ipv4.ip_unprivileged_port_start=0 -v "$work/dns:/dns:ro" \
    --entrypoint galera-peers -- fake-dns --listen "$subnet.53:53" --file /dns/zone

  local n
  for n in 0 1 2; do
    create_member "$n"
    must "galera-$n is synced" within 60 synced "$n"
  done
  local inherited='^Sig|open files' node
  for n in 0 1 2; do
    node=$prefix-galera-$n
    check "galera-$n sees three members" same 3 "$(status "$n" wsrep_cluster_size)"
    check "galera-$n has mariadbd as PID 1" same mariadbd "$(exec_in "$n" cat /proc/1/comm)"
    check "galera-$n has the signals and limits of a mariadbd alone" \
      same "$(grep -E "$inherited" "$work/bare")" "$(process_state "$node" | grep -E "$inherited")"
    check "galera-$n has blocking output" blocking "$node"
    no_secrets "$node"
  done
  check "one member founded the cluster" same 1 "$(founders)"

  heading "Rows, loss and return"
  check "a row is written on galera-0" sql 0 "CREATE DATABASE inajob; CREATE TABLE inajob.hoge \
    (id INT AUTO_INCREMENT PRIMARY KEY, word TEXT); INSERT INTO inajob.hoge (word) VALUES ('hello')"
  for n in 1 2; do check "galera-$n has it" within 10 has_words "$n" hello; done

  delete_member 0
  check "galera-1 takes a row while galera-0 is gone" \
    sql 1 "INSERT INTO inajob.hoge (word) VALUES ('world')"
  create_member 0
  must "galera-0 comes back without its volume" within 60 synced 0
  check "it took an SST" matches 'SST received' "$(log_of 0)"
  check "it has both rows" has_words 0 hello,world
  check "it sees three members" same 3 "$(status 0 wsrep_cluster_size)"

  ends_cleanly "$prefix-galera-2"
  "$ENGINE" start "$prefix-galera-2" >/dev/null
  must "galera-2 comes back with its volume" within 60 synced 2
  check "nobody founded a second cluster" same 3 "$(status 2 wsrep_cluster_size)"

  heading "The end"
  for n in 2 1 0; do ends_cleanly "$prefix-galera-$n"; done
  "$ENGINE" cp "$prefix-galera-0:/var/lib/mysql/grastate.dat" "$work/grastate.dat"
  check "the last one may found the next time" grep -q '^safe_to_bootstrap: 1' "$work/grastate.dat"
}

# --- containers

# start NAME OPTION… [-- COMMAND…]
start() {
  local name=$1 options=()
  shift
  while (($# > 0)) && [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  "$ENGINE" run -d --name "$name" --ulimit nofile=4096:8192 --ulimit nproc=8192:8192 \
    -v "$work/secrets:/secrets:ro" "${options[@]}" "$IMAGE" "${@:2}" >/dev/null
}

# What a command prints in a container of its own, behind `run --`.
inside() {
  "$ENGINE" run --rm --network none --ulimit nofile=4096:8192 --ulimit nproc=8192:8192 "$IMAGE" "$@"
}

program() { "$ENGINE" run --rm --network none --entrypoint "$1" "$IMAGE" "${@:2}" 2>&1 || true; }

exec_in() { "$ENGINE" exec "$prefix-galera-$1" "${@:2}"; }

create_network() {
  local options=(--internal) try
  # podman would put a DNS server of its own before ours.
  if [[ $ENGINE == podman ]]; then options+=(--disable-dns); fi
  for try in {1..20}; do
    subnet=10.$((RANDOM % 100 + 100)).$((RANDOM % 256))
    if "$ENGINE" network create "${options[@]}" --subnet "$subnet.0/24" "$network" >/dev/null; then
      return
    fi
  done
  echo "no free subnet in $try tries" >&2
  return 1
}

# As the StatefulSet's controller and kubelet do: a name, an address, DNS, a line in /etc/hosts. Each
# as another user: the image's, the article's, one of OpenShift's.
create_member() {
  local users=(999 27:0 1000730000:0)
  local name=galera-$1 ip=$subnet.$(($1 + 10)) zone=galera.svc.cluster.local
  publish "$name" "$ip"
  start "$prefix-$name" --user "${users[$1]}" --network "$network" --ip "$ip" --hostname "$name" \
    --add-host "$name.galera.$zone:$ip" --dns "$subnet.53" \
    --dns-search "$zone" --dns-search svc.cluster.local --dns-search cluster.local \
    -e POD_NAMESPACE=galera -e MARIADB_ROOT_PASSWORD_FILE=/secrets/root-password
}

delete_member() {
  "$ENGINE" stop -t 30 "$prefix-galera-$1" >/dev/null
  "$ENGINE" rm -v "$prefix-galera-$1" >/dev/null
  publish "galera-$1"
}

# publish NAME [ADDRESS]: what DNS knows of a member from now on.
publish() {
  [[ -e $work/dns/zone ]] || printf 'service = galera\nnamespace = galera\n[members]\n' >"$work/dns/zone"
  sed "/^$1 /d" "$work/dns/zone" >"$work/dns/next"
  if (($# == 2)); then echo "$1 = $2" >>"$work/dns/next"; fi
  mv "$work/dns/next" "$work/dns/zone"
}

# --- what they say

log_of() { "$ENGINE" logs "$prefix-galera-$1" 2>&1; }

client() { "$ENGINE" exec "$1" mariadb --defaults-extra-file=/secrets/client.cnf -B -N -e "$2"; }

sql() { client "$prefix-galera-$1" "$2"; }

answers() { client "$1" "SELECT 1" >/dev/null; }

status() { sql "$1" "SHOW STATUS LIKE '$2'" | cut -f 2; }

synced() { same Synced "$(status "$1" wsrep_local_state_comment)"; }

has_words() { same "$2" "$(sql "$1" "SELECT GROUP_CONCAT(word ORDER BY id) FROM inajob.hoge")"; }

founders() {
  local n
  for n in 0 1 2; do log_of "$n"; done | grep -c 'founding the cluster'
}

# Standard output and error of PID 1 are without O_NONBLOCK.
blocking() {
  local flags
  for flags in $("$ENGINE" exec "$1" sed -n 's/^flags:\s*//p' /proc/1/fdinfo/1 /proc/1/fdinfo/2); do
    (((8#$flags & 8#4000) == 0)) || return 1
  done
}

# Of PID 1, without what is different each time: signals, limits, descriptors, variables' names.
process_state() {
  # shellcheck disable=SC2016 # the inner shell's
  "$ENGINE" exec "$1" sh -c '
    grep -E "^(Uid|Gid|Groups|Umask|NoNewPrivs|Cap|Sig(Blk|Ign|Cgt))" /proc/1/status
    grep "open files" /proc/1/limits
    for fd in 1 2; do grep flags /proc/1/fdinfo/$fd; done
    for fd in /proc/1/fd/*; do readlink "$fd"; done | sed -E "s/[0-9]+\]$//; s/#[0-9]+//" | sort
    tr "\0" "\n" </proc/1/environ | cut -d= -f1 | grep -v "^PWD$" | sort' || true
}

no_secrets() {
  local node=$1 place
  for place in environ cmdline; do
    "$ENGINE" exec "$node" cat "/proc/1/$place" | tr '\0' '\n' >"$work/$place"
  done
  "$ENGINE" logs "$node" >"$work/log" 2>&1
  check "${node#"$prefix"-} shows no password" \
    not grep -F -e "$password" -e MARIADB_ROOT_PASSWORD "$work/environ" "$work/cmdline" "$work/log"
}

# The runtime would end it by SIGKILL, and the exit code be 137.
ends_cleanly() {
  local since=$SECONDS
  "$ENGINE" stop -t 30 "$1" >/dev/null
  check "SIGTERM ends ${1#"$prefix"-} cleanly in $((SECONDS - since)) s" \
    same 0 "$("$ENGINE" inspect -f '{{.State.ExitCode}}' "$1")"
}

# --- checks

heading() { printf '\n%s (%s s)\n' "$1" "$SECONDS"; }

# check WHAT COMMAND…: passes if the command does.
check() {
  local what=$1
  shift
  if "$@" >"$work/said" 2>&1; then
    passed=$((passed + 1))
    echo "  ok    $what"
  else
    failed=$((failed + 1))
    echo "  FAIL  $what"
    sed 's/^/          /' "$work/said" | head -20
  fi
}

same() { [[ $1 == "$2" ]] || { printf '%s\nis not\n%s\n' "$1" "$2" && false; }; }

matches() { [[ $2 =~ $1 ]] || { printf '%s\ndoes not match %s\n' "$2" "$1" && false; }; }

not() { ! "$@"; }

# within SECONDS COMMAND…: tries until it succeeds.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.3
  done 2>/dev/null
}

# A check without which the others make no sense.
must() {
  local before=$failed container
  check "$@"
  ((failed > before)) || return 0
  for container in $("$ENGINE" ps -a --filter "name=^$prefix-" --format '{{.Names}}'); do
    "$ENGINE" logs "$container" 2>&1 | tail -15 | sed "s/^/  ${container#"$prefix-"}: /"
  done
  exit 1
}

finish() {
  local code=$?
  trap '' INT TERM
  local containers
  containers=$("$ENGINE" ps -aq --filter "name=^$prefix-") || true
  # shellcheck disable=SC2086 # ids, one a word
  [[ -z $containers ]] || "$ENGINE" rm -f -v $containers >/dev/null || true
  "$ENGINE" network rm "$network" >/dev/null 2>&1 || true
  "$ENGINE" volume rm "$prefix-data" >/dev/null 2>&1 || true
  rm -rf "$work"
  if ((code != 0 && failed == 0)); then failed=1; fi
  printf '\n%s passed, %s failed\n' "$passed" "$failed" >&3
  exit $((failed > 0))
}

main
