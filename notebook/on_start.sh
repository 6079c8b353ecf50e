#!/bin/bash
# Lifecycle script of a notebook instance: runs as root at every start, filled in by constructs/ml_platform/lifecycle_script.py.
# It never keeps an instance from starting: each step stands alone and may fail, and the exit code is 0.
export PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/bin
umask 022
cd / # where no module of somebody else lies in Python's way
base=/opt/ml-platform logs=/var/log/ml-platform systemd=/run/systemd/system
python=$(command -v python3) || python=/home/ec2-user/anaconda3/bin/python3

# Writes the agent, its settings, the client's and the SDK's, and the units; prints the rest of this script. Packed is what no
# deployment changes. Paths, and what CloudFormation fills in, follow in the clear.
# shellcheck disable=SC2016
eval "$("$python" -c 'import base64,bz2,sys
parts=bz2.decompress(base64.b85decode(sys.argv[1])).decode().split("\0")
exec(parts[0])
unpack(parts[1:],*sys.argv[2:])' '@PAYLOAD@' "$base" "$logs" /etc/xdg/sagemaker/config.yaml /etc/systemd/system @VALUES@)"

# @REST@: what follows is packed.
# shellcheck disable=SC2329
agent() { "$python" "$base/agent.pyz" "$@" --config "$base/idle.json"; }

# Keeps one loop alive. Exit code 3: another one runs already.
# shellcheck disable=SC2329
supervise() {
  while agent "$1" --loop; [ $? -ne 3 ]; do sleep 5 || break; done
}

# shellcheck disable=SC2329
install() {
  for pause in 0 5 20 60 180; do
    sleep "$pause"
    agent fetch "$(<"$base/client.uri")" "$base/client.zip" && break
  done
  PYTHONPATH=$base/client.zip "$python" -m setup.install "$base"
}

# A process group of its own, deaf to hang-ups, without a hold on this script's output.
background() {
  set -m
  (trap '' HUP; "$@") </dev/null >>"$logs-${*: -1}.log" 2>&1 &
  set +m
}

if ! { [ -d "$systemd" ] && systemctl daemon-reload && systemctl restart ml-platform-{check,vitals}.timer; }; then
  background supervise check
  background supervise vitals
fi
background install
exit 0
