#!/bin/bash
# sudo and su of a notebook instance of the embedded AWS. Root and ec2-user are the same user of this machine there, so what changes
# is HOME, the name, and with -i, -l or - the folder and the login shell. The other variables stay: some say where the embedded AWS is.
called=${0##*/} user=root login="" command="" shell="" background="" words=()
die() { echo "$called: $1" >&2 && exit 1; }

if [ "$called" = sudo ]; then
  [ "${USER-}" = ec2-user ] && [ -e "@NO_ROOT@" ] && die "ec2-user is not in the sudoers file: RootAccess is Disabled"
  while [ $# -gt 0 ]; do
    case $1 in
      -u | --user) user=${2-} && shift ;;
      -u*) user=${1#-u} ;;
      --user=*) user=${1#*=} ;;
      -g | -p | -C | -h | --group | --prompt) shift ;;
      -i | --login) login=1 ;;
      -s | --shell) shell=1 ;;
      -b | --background) background=1 ;;
      -[EHknSA] | --preserve-env* | --set-home | --non-interactive | --stdin) ;;
      -l | -v | --list | --validate) echo "User ec2-user may run all commands on $HOSTNAME" && exit 0 ;;
      --) shift && break ;;
      -[EHknSbAis]?*) set -- "${1:0:2}" "-${1:2}" "${@:2}" && continue ;;
      -*) die "$1 is not offered by the embedded AWS" ;;
      *=*) export "${1?}" ;;
      *) break ;;
    esac
    shift
  done
else
  while [ $# -gt 0 ]; do
    case $1 in
      - | -l | --login) login=1 ;;
      -c | --command) command=${2-} && shift ;;
      -s | --shell) shift ;;
      -m | -p | --preserve-environment) ;;
      -*) die "$1 is not offered by the embedded AWS" ;;
      *) user=$1 ;;
    esac
    shift
  done
  [ -n "$command" ] && words=(/bin/bash -c "$command")
fi
case $user in
  ec2-user) HOME=/home/ec2-user ;;
  root) HOME=/root ;;
  *) die "unknown user $user" ;;
esac
export HOME USER=$user LOGNAME=$user
words+=("$@")
run() { [ -z "$background" ] && exec "$@"; "$@" & exit 0; }
# As sudo does it: one line for a shell, which takes everything as it is but variables.
[ ${#words[@]} -gt 0 ] && printf -v line '%q ' "${words[@]}" && line=${line//'\$'/'$'}
[ -n "$shell" ] && [ ${#words[@]} -gt 0 ] && words=(/bin/bash -c "$line")
if [ -z "$login" ]; then
  [ ${#words[@]} -gt 0 ] || words=(/bin/bash)
  run "${words[@]}"
fi
cd "$HOME" || exit 1
[ ${#words[@]} -gt 0 ] || exec /bin/bash -l
[ -n "$command" ] && exec /bin/bash -l -c "$command"
run /bin/bash -l -c "$line"
