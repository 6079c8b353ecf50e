"""What a notebook instance of the embedded AWS sees of the machine, and what the machine sees of it."""

import gc
import http.client
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest
import trustme

from local_aws.containers import namespaces, process
from local_aws.containers.traffic import Traffic, forward
from local_aws.containers.web_proxy import web_proxy
from local_aws.sagemaker.notebooks import hooks, processes
from local_aws.sagemaker.notebooks.disk import Disk
from local_aws.sagemaker.notebooks.gateway import Gateway
from local_aws.sagemaker.notebooks.jupyter import JupyterWithToken
from local_aws.sagemaker.notebooks.room import Room, hostname

ARN = "arn:aws:sagemaker:us-east-1:000000000000:notebook-instance/demo"
ROOT = Path(__file__).parents[2]
needs_namespaces = pytest.mark.skipif(namespaces.missing() is not None, reason=f"no namespaces here: {namespaces.missing()}")


@dataclass
class Instance:
    """A room, and commands in it."""

    disk: Disk
    room: Room
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, script: str, **variables: str) -> tuple[int, list[str]]:
        said: list[str] = []
        environment = {"PATH": hooks.PATH, "HOME": "/root", **self.variables, **variables}
        running = self.room.start(["/bin/bash", "-c", script], environment, "/", said.append)
        code = running.wait(60)
        for thread in threading.enumerate():
            if thread.name.endswith("(_pump)"):
                thread.join(0.3)
        return code, said


Rooms = Callable[..., Instance]


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    opened: list[Instance] = []

    def make(*, root_access: bool = True, name: str = "demo") -> Instance:
        disk = Disk(tmp_path / name)
        disk.renew(name, ARN)
        opened.append(Instance(disk, Room(disk, ARN, "us-east-1", root_access=root_access)))
        return opened[-1]

    yield make
    for instance in opened:
        instance.room.close()
        assert processes.of(instance.disk.root) == []


@needs_namespaces
def test_an_instance_has_the_folders_that_it_has_on_aws_and_no_others_of_the_machine(rooms: Rooms, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    instance = rooms()
    _, said = instance.run(
        f"cat /opt/ml/metadata/resource-metadata.json; echo; grep PRETTY /etc/os-release; echo mine > /tmp/mine; "
        f"ls -d {ROOT} {tmp_path}/secret; touch /usr/x; echo $(ls /home/ec2-user) $(pwd)"
    )
    assert f'"ResourceArn": "{ARN}"' in said[0] and 'PRETTY_NAME="Amazon Linux 2023"' in said[1]
    assert sum("No such file" in line for line in said) == 2, said
    assert any("Read-only" in line for line in said), said
    assert said[-1] == "SageMaker anaconda3 /"
    assert (instance.disk.root / "tmp/mine").read_text() == "mine\n" and not Path("/tmp/mine").exists()


@needs_namespaces
def test_the_volume_is_a_device_of_its_own_and_the_rest_of_the_disk_is_one(rooms: Rooms) -> None:
    _, said = rooms().run(
        "touch /opt/a && ln /opt/a /home/ec2-user/a && echo linked; ln /opt/a /home/ec2-user/SageMaker/a || echo refused"
    )
    assert said[0] == "linked" and said[-1] == "refused", said


@needs_namespaces
def test_its_name_is_one_that_no_dns_knows_and_its_metadata_is_at_the_usual_address(rooms: Rooms) -> None:
    instance = rooms()
    listener = instance.room.network.listen("169.254.169.254", 80)

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"here\n")

    threading.Thread(target=answer, daemon=True).start()
    name = hostname(ARN, "us-east-1")
    _, said = instance.run(f"hostname; exec 3<>/dev/tcp/169.254.169.254/80; cat <&3; getent hosts {name} || echo unknown")
    assert said == [name, "here", "unknown"]
    assert name.startswith("ip-172-16-") and name.endswith(".ec2.internal")
    assert hostname(ARN, "eu-west-1").endswith(".eu-west-1.compute.internal")


@needs_namespaces
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sudo -u ec2-user -i pwd", ["/home/ec2-user"]),
        ("sudo -iu ec2-user sh -c 'echo $USER:$HOME'", ["ec2-user:/home/ec2-user"]),
        ("sudo -u ec2-user -i <<'EOF'\npwd\nwhich python\nEOF", ["/home/ec2-user", "/home/ec2-user/anaconda3/bin/python"]),
        ("sudo -u ec2-user printf '%s|' 'a b' '$c'", ["a b|$c|"]),
        ("sudo -i printf '%s|' 'a b' '$USER'", ["a b|root|"]),
        ("sudo -s printf '%s|' 'a b' '$USER' '*'", ["a b|root|*|"]),
        ("sudo -s 'echo x' || echo $?", ["/bin/bash: line 1: echo x: command not found", "127"]),
        ("sudo -b sh -c 'sleep 0.3; echo late'; echo early; sleep 0.6", ["early", "late"]),
        ("sudo sh -c 'pwd; echo $HOME'", ["/", "/root"]),
        ("sudo -Eu ec2-user X=1 env | grep -E '^(X|USER)='", ["USER=ec2-user", "X=1"]),
        ("echo text | sudo tee /etc/motd", ["text"]),
        ("su - ec2-user -c 'pwd; echo $USER'", ["/home/ec2-user", "ec2-user"]),
        ("su ec2-user -c 'pwd'", ["/"]),
        ("su -c 'echo $HOME' ec2-user", ["/home/ec2-user"]),
        ("sudo -u nobody id", ["sudo: unknown user nobody"]),
        ("sudo -u ec2-user sh -c 'exit 7' || echo $?", ["7"]),
        ("chown ec2-user:ec2-user /home/ec2-user/SageMaker && stat -c %u /home/ec2-user/SageMaker", ["0"]),
    ],
)
def test_a_script_may_change_its_user_as_on_aws(rooms: Rooms, command: str, expected: list[str]) -> None:
    assert sorted(rooms().run(command)[1]) == sorted(expected)


@needs_namespaces
def test_without_root_access_the_person_has_no_sudo_and_the_scripts_have(rooms: Rooms) -> None:
    instance = rooms(root_access=False)
    assert instance.run("sudo id", USER="ec2-user")[1] == ["sudo: ec2-user is not in the sudoers file: RootAccess is Disabled"]
    assert instance.run("sudo -u ec2-user id -un || sudo id -u")[0] == 0


@needs_namespaces
def test_an_instance_reaches_the_embedded_aws_and_nothing_else_of_the_machine(rooms: Rooms) -> None:
    with _server(b"the embedded AWS") as port, _server(b"something else") as other:
        instance = rooms()
        instance.variables = instance.room.reach(f"http://127.0.0.1:{port}", internet=True)
        ask = "/home/ec2-user/anaconda3/bin/python -c \"import urllib.request as u; print(u.urlopen('{}', timeout=5).read().decode())\""
        assert instance.run(ask.format(f"http://127.0.0.1:{port}/"))[1][-1] == "the embedded AWS"
        code, said = instance.run(ask.format(f"http://127.0.0.1:{other}/"))
        assert code and "Connection refused" in said[-1], said
        # Not through the proxy either, by whatever name.
        for name in ("127.0.0.1", "localhost", "0.0.0.0", "127.9.9.9", "[::ffff:127.0.0.1]"):
            code, said = instance.run(ask.format(f"http://{name}:{other}/"), no_proxy="", NO_PROXY="")
            assert code and "502" in said[-1], said


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The machine's own proxy, which stands for the internet and wants a password; what it is asked for."""
    asked: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            if self.headers["Proxy-Authorization"] != "Basic dXNlcjpwQHNz":
                self.send_error(407)
            elif self.command == "GET":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"the internet")
            elif self.path.startswith("rude"):
                self.wfile.write(b"\r\n\r\n")
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(self.rfile.read(4)[::-1])

        do_GET = do_CONNECT = answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://user:p%40ss@127.0.0.1:{server.server_port}")
        monkeypatch.setenv("no_proxy", "example.net")
        yield asked
        server.shutdown()


@needs_namespaces
def test_the_internet_is_reached_through_the_proxy_where_the_instance_has_access(rooms: Rooms, proxy: list[str]) -> None:
    open_one, closed = rooms(), rooms(name="closed")
    ask = "/home/ec2-user/anaconda3/bin/python -c \"import urllib.request as u; print(u.urlopen('http://example.org/a?b').read().decode())\""
    open_one.variables = open_one.room.reach("http://127.0.0.1:9", internet=True)
    assert open_one.run(ask)[1] == ["the internet"]
    assert proxy == ["GET http://example.org/a?b"]
    closed.variables = closed.room.reach("http://127.0.0.1:9", internet=False)
    assert closed.variables == {} and closed.run(ask)[0] != 0


@pytest.fixture
def through_proxy() -> Iterator[Callable[[str], bytes]]:
    """What our proxy answers to a request."""
    traffic, listener = Traffic(), socket.create_server(("127.0.0.1", 0))
    traffic.serve(listener, web_proxy)

    def ask(request: str, then: bytes = b"") -> bytes:
        with socket.create_connection(listener.getsockname(), timeout=20) as client:
            client.sendall(request.encode() + b"\r\n\r\n" + then)
            return b"".join(iter(lambda: client.recv(4096), b""))

    yield ask
    traffic.close()


def own_addresses() -> list[str]:
    found = [
        entry
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    ]
    return [f"[{entry.address.partition('%')[0]}]" if ":" in entry.address else entry.address for entry in found]


@pytest.mark.parametrize("with_proxy", [True, False])
@pytest.mark.parametrize(
    "host", ["localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "[fd00:ec2::254]", "169.254.169.254", *own_addresses()]
)
def test_the_proxy_leads_to_no_service_of_the_machine(
    through_proxy: Callable[[str], bytes], request: pytest.FixtureRequest, host: str, *, with_proxy: bool
) -> None:
    asked = request.getfixturevalue("proxy") if with_proxy else []
    for words in (f"GET http://{host}:80/ HTTP/1.1", f"CONNECT {host}:443 HTTP/1.1"):
        said = through_proxy(words)
        assert said.startswith(b"HTTP/1.1 502") and b"an address of the machine itself" in said, said
    assert asked == []


def test_the_proxy_leads_tunnels_through_the_machines_own(through_proxy: Callable[..., bytes], proxy: list[str]) -> None:
    assert through_proxy("CONNECT example.org:443 HTTP/1.1", b"abcd").endswith(b"\r\n\r\ndcba")
    said = through_proxy("CONNECT rude.example:443 HTTP/1.1")
    assert said.startswith(b"HTTP/1.1 502") and b"the proxy 127.0.0.1" in said, said
    assert proxy == ["CONNECT example.org:443", "CONNECT rude.example:443"]
    assert through_proxy("GET /no-host HTTP/1.1").startswith(b"HTTP/1.1 400")


@needs_namespaces
def test_a_room_whose_embedded_aws_was_killed_is_ended_by_its_mark(rooms: Rooms) -> None:
    instance = rooms()
    instance.room.start(["/bin/bash", "-c", "trap '' TERM; sleep 1000"], {"PATH": "/bin"}, "/", lambda _: None)
    assert processes.of(instance.disk.root)
    processes.end(instance.disk.root, grace_seconds=0.5)
    assert processes.of(instance.disk.root) == []


@needs_namespaces
def test_what_an_instance_does_to_its_first_process_does_not_end_it(rooms: Rooms) -> None:
    instance = rooms()
    for number in ("TERM", "INT", "HUP", "KILL", "CHLD"):
        assert instance.run(f"kill -{number} 1; sleep 0.1; echo here")[1] == ["here"]
    instance.run("pkill -f python; kill -TERM -1")
    assert instance.room.alive and instance.run("echo here")[1] == ["here"]


@needs_namespaces
def test_programs_get_signals_as_usual(rooms: Rooms) -> None:
    _, said = rooms().run("grep -E '^Sig(Blk|Ign)' /proc/self/status; yes | head -1; echo ${PIPESTATUS[0]}")
    blocked, ignored = (int(line.partition("\t")[2], 16) for line in said[:2])
    assert blocked == 0 and not [number for number in signal.valid_signals() if ignored >> (number - 1) & 1]
    assert said[2:] == ["y", str(128 + signal.SIGPIPE)]


@needs_namespaces
def test_root_inside_changes_nothing_of_the_kernels_and_makes_no_devices(rooms: Rooms) -> None:
    instance = rooms()
    for command in (
        "echo h > /proc/sysrq-trigger",
        "echo 1 > /proc/sys/vm/overcommit_memory",
        "mknod /opt/disk b 8 0",
        "mknod /home/ec2-user/SageMaker/disk b 8 0",
        "mknod /dev/shm/disk b 8 0",
        "mount -t tmpfs none /mnt",
    ):
        code, said = instance.run(command)
        assert code and re.search("Read-only|not permitted|denied|No such file", " ".join(said)), (command, said)
    assert instance.run("findmnt -no OPTIONS / | grep -o nodev")[1] == ["nodev"]


@needs_namespaces
def test_a_script_that_makes_links_of_its_folders_writes_nowhere_else(rooms: Rooms, tmp_path: Path) -> None:
    """To the machine, /tmp -> TARGET means another folder than to the instance."""
    target = tmp_path / "of-the-machine"
    target.mkdir()
    instance, said = rooms(), list[str]()
    instance.run(f"rm -rf /tmp; mkdir -p {target}; ln -s {target} /tmp")
    start = partial(instance.room.start, environment={"PATH": hooks.PATH}, folder="/", sink=said.append)
    hook = hooks.Hook("OnStart", '#!/bin/sh\necho "$0 $(id -u)"; touch /tmp/x')
    hooks.run(hook, instance.disk, start, threading.Event())
    assert said[0].startswith("/tmp/OnStart_") and said[0].endswith(" 0")
    assert list(target.iterdir()) == []


@needs_namespaces
def test_a_container_that_is_gone_gives_no_sockets_and_no_other_one_is_joined(rooms: Rooms) -> None:
    instance = rooms()
    process.end(instance.room._init)
    assert not instance.room.alive
    with pytest.raises(OSError):
        instance.room.network.connect("127.0.0.1", 1)
    said: list[str] = []
    assert instance.room.start(["true"], {"PATH": "/bin"}, "/", said.append).wait(20) != 0
    assert not said or "setns" in said[-1]


def test_folders_that_their_owner_may_not_change_are_deleted(tmp_path: Path) -> None:
    """As an ordinary user; root may do everything."""
    disk = Disk(tmp_path / "demo")
    for folder in (disk.root / "opt/go/pkg", disk.volume / "pkg"):
        folder.mkdir(parents=True)
        (folder / "module").touch()
        for closed in (folder, folder.parent):
            closed.chmod(0o000)
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; "
        f"from local_aws.sagemaker.notebooks.disk import Disk; disk = Disk(Path({str(disk.root)!r})); "
        "disk.renew('demo', 'arn'); assert disk.volume.exists() and not (disk.root / 'opt/go').exists(); disk.delete(); "
        "assert not disk.root.exists()"
    )
    done = _as_an_ordinary_user(script)
    assert done.returncode == 0, done.stderr


def _as_an_ordinary_user(script: str) -> "subprocess.CompletedProcess[str]":
    """Run Python code whose owner's permissions count; root passes by them otherwise."""
    without = "-dac_override,-dac_read_search"
    drop = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"] if os.getuid() == 0 else []
    return subprocess.run([*drop, sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.fixture
def jupyter() -> Iterator[tuple[Gateway, list[str]]]:
    """A gateway before a TLS server that answers with the cookies it got."""
    authority, seen = trustme.CA(), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("inside.invalid").configure_cert(context)

    class Inside(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert "notebook-" not in (self.headers["Cookie"] or "")
            seen.append(f"{self.path} {self.headers['Connection']}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"inside")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    traffic = Traffic()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inside) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = ("127.0.0.1", server.server_port)
        pem = authority.cert_pem.bytes().decode()
        yield Gateway(traffic, lambda: socket.create_connection(place), pem, "inside.invalid"), seen
        server.shutdown()
    traffic.close()


def test_the_gateway_lets_nobody_through_without_the_secret(jupyter: tuple[Gateway, list[str]]) -> None:
    gateway, seen = jupyter
    url = gateway.url("/lab")
    for wrong in (url.partition("?")[0], url[:-1], f"{url}x"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong)
        assert caught.value.code == 403 and "CreatePresignedNotebookInstanceUrl" in caught.value.read().decode()
    assert seen == []
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(url) as page:
        assert (page.read(), page.url) == (b"inside", url.partition("?")[0])
    assert seen == ["/lab close"]


def test_every_request_of_a_connection_must_carry_the_cookie(jupyter: tuple[Gateway, list[str]]) -> None:
    gateway, seen = jupyter
    place = urllib.parse.urlsplit(gateway.url("/lab"))
    connection = http.client.HTTPConnection(place.netloc)
    connection.request("GET", f"{place.path}?{place.query}")
    cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
    connection.request("GET", "/one", headers={"Cookie": f"a=b; {cookie}", "Connection": "keep-alive"})
    answer = connection.getresponse()
    assert answer.read() == b"inside" and answer.will_close
    connection.request("GET", "/two")
    assert connection.getresponse().status == 403
    assert seen == ["/one close"]


def test_a_gateway_whose_jupyter_is_gone_says_so() -> None:
    traffic = Traffic()

    def refuse() -> socket.socket:
        raise ConnectionRefusedError

    gateway = Gateway(traffic, refuse, trustme.CA().cert_pem.bytes().decode(), "inside.invalid")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(gateway.url("/lab"))
    assert caught.value.code == 502
    traffic.close()


def test_a_head_without_end_is_not_waited_for_in_memory() -> None:
    traffic = Traffic()
    gateway = Gateway(traffic, socket.socket, trustme.CA().cert_pem.bytes().decode(), "inside.invalid")
    port = urllib.parse.urlsplit(gateway.url("/")).port
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(10)
        with pytest.raises(OSError):
            while True:
                client.sendall(b"x: " + b"y" * 65536)
    traffic.close()


def test_traffic_that_is_closed_closes_its_connections() -> None:
    with _server(b"x") as port:
        traffic, listener = Traffic(), socket.create_server(("127.0.0.1", 0))
        traffic.serve(listener, forward("127.0.0.1", port))
        client = socket.create_connection(listener.getsockname())
        client.settimeout(5)
        traffic.close()
        assert client.recv(1) == b""
        assert listener.fileno() == -1


class _server:
    """An HTTP server on loopback that says one thing."""

    def __init__(self, text: bytes) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server.server_port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_without_namespaces_jupyter_takes_its_port_at_the_first_start_and_keeps_it(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "demo")
    disk.shown = False
    disk.renew("demo", ARN)
    started: list[list[str]] = []

    def start(command: list[str], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
        started.append(command)
        return process.start(["true"], variables, tmp_path, lambda _: None)

    jupyter = JupyterWithToken(disk, start, None)
    assert "port" not in json.loads((disk.root / "etc/jupyter/jupyter_server_config.json").read_text())["ServerApp"]
    for _ in range(2):
        jupyter.start()
    port = urllib.parse.urlsplit(jupyter.url).port
    assert [command[-1] for command in started] == [f"--port={port}"] * 2


def test_a_connection_that_waits_is_not_collected_as_garbage(caplog: pytest.LogCaptureFixture) -> None:
    """The event loop knows its tasks by weak references alone: one that waits for another's answer hangs on nothing else."""
    go, far = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = far.accept()
            except OSError:
                return
            threading.Thread(target=late, args=(connection,), daemon=True).start()

    def late(connection: socket.socket) -> None:
        with connection:
            connection.recv(16)
            connection.shutdown(socket.SHUT_RD)
            go.wait(10)
            connection.sendall(b"here")

    threading.Thread(target=answer, daemon=True).start()
    traffic, listener = Traffic(), socket.create_server(("127.0.0.1", 0))
    traffic.serve(listener, forward(*far.getsockname()))
    clients = [socket.create_connection(listener.getsockname(), timeout=10) for _ in range(20)]
    for client in clients:
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
    for _ in range(20):
        gc.collect()
        time.sleep(0.01)
    go.set()
    assert [client.recv(16) for client in clients] == [b"here"] * 20
    traffic.close()
    gc.collect()
    assert "destroyed" not in caplog.text and "Unhandled" not in caplog.text
    far.close()
