#!/bin/bash
# Lifecycle script of a notebook instance: runs as root at every start, filled in by constructs/ml_platform/notebook/lifecycle_script.py.
# It never keeps an instance from starting: what fails says so in a log, and the exit code is 0.
export PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/bin
umask 022
cd / # where no module of somebody else lies in Python's way
base=/opt/ml-platform
python=$(command -v python3) || python=/home/ec2-user/anaconda3/bin/python3

# notebook/start of the platform's sources, as a program of one file.
"$python" -I -c 'import base64,bz2,os,sys
os.makedirs(sys.argv[1],exist_ok=True)
with open(sys.argv[1]+"/start.pyz","wb") as file: file.write(bz2.decompress(base64.b85decode(sys.argv[2])))' "$base" '@PROGRAM@'

# It writes the settings below, then fetches, starts and installs the rest in the background.
"$python" -I "$base/start.pyz" "$base" /etc/xdg/sagemaker/config.yaml /var/log/ml-platform /etc/systemd/system /run/systemd/system <<'SETTINGS'
@SETTINGS@
SETTINGS
exit 0
